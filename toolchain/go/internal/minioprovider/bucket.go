package minioprovider

import (
	"context"
	"errors"
	"fmt"

	"flts/toolchain/internal/provider"

	"github.com/minio/madmin-go/v3"
	"github.com/minio/minio-go/v7"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Amazon's limits for bucket names, which MinIO keeps, and the length of the suffix after a prefix.
const (
	longestBucketName = 63
	bucketSuffix      = 26
)

func bucket() provider.Resource[*Client] {
	return provider.Resource[*Client]{
		Token:       bucketToken,
		Description: "A bucket.",
		UniqueName:  "bucket",
		Properties: []provider.Property{
			{Name: "bucket", Computed: true, AlwaysSet: true, Replace: true, Check: noLongerThan(longestBucketName),
				Description: "Name of the bucket. Without it and a prefix, a name is made."},
			{Name: "bucketPrefix", Replace: true, Check: noLongerThan(longestBucketName - bucketSuffix),
				Description: "Prefix of a name that is made."},
			{Name: "acl", Default: privateAccess,
				Check:       provider.OneOf(privateAccess, "public", "public-read", "public-read-write", "public-write"),
				Description: "Who may use the bucket without signing in. Default `private`: nobody."},
			{Name: "forceDestroy", Kind: provider.Flag, Default: false, Unread: true,
				Description: "Whether to delete all objects with the bucket. Default false: a bucket with objects stays."},
			{Name: "objectLocking", Kind: provider.Flag, Default: false,
				Description: "Whether objects can be locked. Default false. Only a new bucket can get it."},
			{Name: "quota", Kind: provider.Integer, Check: notNegative,
				Description: "Most bytes the bucket may hold. Default: no limit."},
			{Name: "arn", OutputOnly: true, AlwaysSet: true, Description: "Name of the bucket for policies."},
			{Name: "bucketDomainName", OutputOnly: true, AlwaysSet: true, Description: "Address of the bucket."},
		},
		Check: func(inputs provider.Values) []provider.Failure {
			if inputs.Has("bucket") && inputs.Has("bucketPrefix") {
				return []provider.Failure{{Property: "bucketPrefix", Reason: "bucket and bucketPrefix are both given: give one"}}
			}
			return nil
		},
		Create: createBucket,
		Read: func(ctx context.Context, client *Client, id string, state provider.Values) (string, provider.Values, error) {
			outputs, err := readBucket(ctx, client, id, state)
			return id, outputs, err
		},
		Update: updateBucket,
		Delete: deleteBucket,
	}
}

func noLongerThan(limit int) func(any) string {
	return func(value any) string {
		if text, ok := value.(string); ok && len(text) > limit {
			return fmt.Sprintf("must have at most %d characters", limit)
		}
		return ""
	}
}

func notNegative(value any) string {
	if number, ok := value.(float64); ok && number < 0 {
		return "must be at least 0"
	}
	return ""
}

func createBucket(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
	name := inputs.Text("bucket")
	if name == "" {
		made, err := resource.NewUniqueHex(inputs.Text("bucketPrefix"), bucketSuffix, longestBucketName)
		if err != nil {
			return "", nil, err
		}
		name = made
	}
	exists, err := client.objects.BucketExists(ctx, name)
	if err != nil {
		return "", nil, client.failed(err)
	}
	if exists {
		return "", nil, fmt.Errorf("bucket %q already exists on %s: import it (`pulumi import minio:index/s3Bucket:S3Bucket "+
			"<resource name> %s`) or choose another name", name, client.objects.EndpointURL(), name)
	}
	if err := client.objects.MakeBucket(ctx, name, minio.MakeBucketOptions{
		Region: client.region, ObjectLocking: inputs.Flag("objectLocking"),
	}); err != nil {
		return "", nil, client.failed(err)
	}
	if err := configureBucket(ctx, client, name, provider.Values{"acl": privateAccess}, inputs); err != nil {
		// The engine learns of a bucket only from a success: one half made would be in the way of the next attempt.
		return "", nil, errors.Join(err, client.failed(client.objects.RemoveBucket(ctx, name)))
	}
	outputs, err := readBucket(ctx, client, name, inputs)
	return provider.Made(name, inputs.With(provider.Values{"bucket": name}), outputs, err)
}

// configureBucket sets what a bucket has beside its name, where it differs from the state.
func configureBucket(ctx context.Context, client *Client, name string, state, inputs provider.Values) error {
	if inputs.Text("acl") != state.Text("acl") {
		if err := client.setAccess(ctx, name, inputs.Text("acl")); err != nil {
			return err
		}
	}
	if inputs.Integer("quota") == state.Integer("quota") {
		return nil
	}
	size := uint64(inputs.Integer("quota"))
	quota := madmin.BucketQuota{Quota: size, Size: size}
	if size > 0 {
		quota.Type = madmin.HardQuota
	}
	return client.failed(client.administration.SetBucketQuota(ctx, name, &quota))
}

func updateBucket(
	ctx context.Context, client *Client, id string, state, inputs provider.Values,
) (provider.Values, error) {
	if inputs.Flag("objectLocking") != state.Flag("objectLocking") {
		return nil, fmt.Errorf("objectLocking of bucket %q is %t: it can only be chosen for a new bucket",
			id, state.Flag("objectLocking"))
	}
	if err := configureBucket(ctx, client, id, state, inputs); err != nil {
		return nil, err
	}
	return readBucket(ctx, client, id, inputs)
}

// readBucket asks the server for all it knows and keeps from the state what only the program knows.
func readBucket(ctx context.Context, client *Client, name string, state provider.Values) (provider.Values, error) {
	exists, err := client.objects.BucketExists(ctx, name)
	if err != nil {
		return nil, client.failed(err)
	}
	if !exists {
		return nil, provider.ErrNotFound
	}
	access, err := client.access(ctx, name, state.Text("acl"))
	if err != nil {
		return nil, err
	}
	quota, err := client.administration.GetBucketQuota(ctx, name)
	if err != nil {
		return nil, client.failed(err)
	}
	locking, err := client.objectLocking(ctx, name)
	if err != nil {
		return nil, err
	}
	outputs := client.place(name).With(provider.Values{
		"bucket": name, "acl": access, "objectLocking": locking, "forceDestroy": state.Flag("forceDestroy"),
	})
	if size := max(quota.Size, quota.Quota); size > 0 || state.Has("quota") {
		outputs["quota"] = int(size)
	}
	if state.Has("bucketPrefix") {
		outputs["bucketPrefix"] = state.Text("bucketPrefix")
	}
	return outputs, nil
}

// place is where a bucket of this name is found.
func (client *Client) place(name string) provider.Values {
	return provider.Values{
		"arn": "arn:aws:s3:::" + name, "bucketDomainName": fmt.Sprintf("%s/minio/%s", client.objects.EndpointURL(), name),
	}
}

func (client *Client) objectLocking(ctx context.Context, name string) (bool, error) {
	enabled, _, _, _, err := client.objects.GetObjectLockConfig(ctx, name)
	if errorCode(err) == "ObjectLockConfigurationNotFoundError" {
		return false, nil
	}
	return enabled == "Enabled", client.failed(err)
}

func deleteBucket(ctx context.Context, client *Client, id string, state provider.Values) error {
	if state.Flag("forceDestroy") {
		if err := client.empty(ctx, id); err != nil {
			return err
		}
	}
	err := client.objects.RemoveBucket(ctx, id)
	if errorCode(err) == "BucketNotEmpty" {
		return fmt.Errorf("bucket %q is not empty: remove its objects, or set forceDestroy to true and run `pulumi up` "+
			"before deleting it", id)
	}
	return client.failed(err)
}

// empty deletes all versions of all objects of a bucket.
func (client *Client) empty(ctx context.Context, name string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	objects := make(chan minio.ObjectInfo)
	var listing error
	go func() {
		defer close(objects)
		for found := range client.objects.ListObjects(ctx, name, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
			if found.Err != nil {
				listing = found.Err
				return
			}
			select {
			case objects <- found:
			case <-ctx.Done():
				return
			}
		}
	}()
	for failure := range client.objects.RemoveObjects(ctx, name, objects, minio.RemoveObjectsOptions{GovernanceBypass: true}) {
		return client.failed(fmt.Errorf("deleting object %q: %w", failure.ObjectName, failure.Err))
	}
	return client.failed(listing)
}
