package minioprovider

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strings"

	"flts/toolchain/internal/provider"

	"github.com/minio/minio-go/v7"
)

func object() provider.Resource[*Client] {
	return provider.Resource[*Client]{
		Token:       objectToken,
		Description: "An object of a bucket.",
		UniqueName:  "objectName",
		Properties: []provider.Property{
			{Name: "bucketName", Required: true, Replace: true, Description: "Bucket of the object."},
			{Name: "objectName", Required: true, Replace: true, Description: "Name of the object."},
			{Name: "content", Unread: true, Description: "The content as text."},
			{Name: "contentBase64", Unread: true, Description: "The content in base64."},
			{Name: "source", Unread: true, Description: "Path of a file with the content."},
			{Name: "contentType", Computed: true, AlwaysSet: true, Description: "MIME type of the content."},
			{Name: "etag", Computed: true, AlwaysSet: true, Volatile: true,
				Description: "Checksum of the content. Give the one of the file to upload it when it changes."},
			{Name: "versionId", Computed: true, AlwaysSet: true, Volatile: true, Description: "Version of the object."},
		},
		Check: checkObject,
		Create: func(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
			if err := putObject(ctx, client, inputs); err != nil {
				return "", nil, err
			}
			name := inputs.Text("objectName")
			_, outputs, err := readObject(ctx, client, name, inputs)
			return provider.Made(name, inputs, outputs, err)
		},
		Read: readObject,
		Update: func(ctx context.Context, client *Client, id string, _, inputs provider.Values) (provider.Values, error) {
			if err := putObject(ctx, client, inputs); err != nil {
				return nil, err
			}
			_, outputs, err := readObject(ctx, client, id, inputs)
			return outputs, err
		},
		Delete: func(ctx context.Context, client *Client, _ string, state provider.Values) error {
			err := client.objects.RemoveObject(ctx, state.Text("bucketName"), state.Text("objectName"),
				minio.RemoveObjectOptions{VersionID: state.Text("versionId")})
			return client.failed(err)
		},
	}
}

func checkObject(inputs provider.Values) []provider.Failure {
	given := 0
	for _, name := range []string{"content", "contentBase64", "source"} {
		if inputs.Has(name) {
			given++
		}
	}
	if given != 1 {
		return []provider.Failure{{Property: "content",
			Reason: fmt.Sprintf("%d of content, contentBase64 and source are given: give one", given)}}
	}
	return nil
}

func putObject(ctx context.Context, client *Client, inputs provider.Values) error {
	content, size, err := openContent(inputs)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	_, err = client.objects.PutObject(ctx, inputs.Text("bucketName"), inputs.Text("objectName"), content, size,
		minio.PutObjectOptions{ContentType: inputs.Text("contentType")})
	return client.failed(err)
}

func openContent(inputs provider.Values) (io.ReadCloser, int64, error) {
	if path := inputs.Text("source"); path != "" {
		file, err := os.Open(path)
		if err != nil {
			return nil, 0, fmt.Errorf("source: %w", err)
		}
		information, err := file.Stat()
		if err != nil {
			return nil, 0, fmt.Errorf("source: %w", err)
		}
		return file, information.Size(), nil
	}
	content := []byte(inputs.Text("content"))
	if inputs.Has("contentBase64") {
		decoded, err := base64.StdEncoding.DecodeString(inputs.Text("contentBase64"))
		if err != nil {
			return nil, 0, fmt.Errorf("contentBase64 is not base64: %w", err)
		}
		content = decoded
	}
	return io.NopCloser(bytes.NewReader(content)), int64(len(content)), nil
}

// readObject looks an object up. An import names it as bucket/object.
func readObject(
	ctx context.Context, client *Client, id string, state provider.Values,
) (string, provider.Values, error) {
	bucketName, objectName := state.Text("bucketName"), state.Text("objectName")
	if bucketName == "" || objectName == "" {
		found := false
		if bucketName, objectName, found = strings.Cut(id, "/"); !found {
			return "", nil, fmt.Errorf("the id to import is %q: it must be bucket/object", id)
		}
	}
	actual, err := client.objects.StatObject(ctx, bucketName, objectName, minio.StatObjectOptions{})
	if err != nil {
		return "", nil, client.failed(err)
	}
	return objectName, state.With(provider.Values{
		"bucketName": bucketName, "objectName": objectName, "contentType": actual.ContentType, "etag": actual.ETag,
		"versionId": actual.VersionID,
	}), nil
}
