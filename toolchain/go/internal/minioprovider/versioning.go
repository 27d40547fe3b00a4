package minioprovider

import (
	"context"

	"flts/toolchain/internal/provider"

	"github.com/minio/minio-go/v7"
)

// The states of a bucket's versioning. One that was ever enabled can only be suspended.
const (
	versioningEnabled   = "Enabled"
	versioningSuspended = "Suspended"
)

func bucketVersioning() provider.Resource[*Client] {
	write := func(ctx context.Context, client *Client, inputs provider.Values) error {
		wanted := inputs.Object("versioningConfiguration")
		configuration := minio.BucketVersioningConfiguration{
			Status: wanted.Text("status"), ExcludeFolders: wanted.Flag("excludeFolders"),
		}
		for _, prefix := range wanted.TextList("excludedPrefixes") {
			configuration.ExcludedPrefixes = append(configuration.ExcludedPrefixes, minio.ExcludedPrefix{Prefix: prefix})
		}
		return client.failed(client.objects.SetBucketVersioning(ctx, inputs.Text("bucket"), configuration))
	}
	return provider.Resource[*Client]{
		Token:       versioningToken,
		Description: "Whether a bucket keeps old versions of its objects.",
		UniqueName:  "bucket",
		Properties: []provider.Property{
			{Name: "bucket", Required: true, Replace: true, Description: "Name of the bucket."},
			{Name: "versioningConfiguration", Kind: provider.Object, Required: true, Description: "The configuration.",
				Fields: []provider.Property{
					{Name: "status", Required: true, Check: provider.OneOf(versioningEnabled, versioningSuspended),
						Description: "`Enabled` or `Suspended`."},
					{Name: "excludeFolders", Kind: provider.Flag, Description: "Whether folders have no versions."},
					{Name: "excludedPrefixes", Kind: provider.TextList, Description: "Prefixes of objects without versions."},
				}},
		},
		Create: func(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
			return inputs.Text("bucket"), inputs, write(ctx, client, inputs)
		},
		Read: func(ctx context.Context, client *Client, id string, _ provider.Values) (string, provider.Values, error) {
			actual, err := client.objects.GetBucketVersioning(ctx, id)
			if err != nil {
				return "", nil, client.failed(err)
			}
			if actual.Status == "" {
				return "", nil, provider.ErrNotFound
			}
			configuration := map[string]any{"status": actual.Status}
			if actual.ExcludeFolders {
				configuration["excludeFolders"] = true
			}
			if prefixes := prefixesOf(actual); len(prefixes) > 0 {
				configuration["excludedPrefixes"] = prefixes
			}
			return id, provider.Values{"bucket": id, "versioningConfiguration": configuration}, nil
		},
		Update: func(ctx context.Context, client *Client, _ string, _, inputs provider.Values) (provider.Values, error) {
			return inputs, write(ctx, client, inputs)
		},
		Delete: func(ctx context.Context, client *Client, id string, _ provider.Values) error {
			return client.failed(client.objects.SuspendVersioning(ctx, id))
		},
	}
}

func prefixesOf(configuration minio.BucketVersioningConfiguration) []any {
	var prefixes []any
	for _, excluded := range configuration.ExcludedPrefixes {
		prefixes = append(prefixes, excluded.Prefix)
	}
	return prefixes
}
