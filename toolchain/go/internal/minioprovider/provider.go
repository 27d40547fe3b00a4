// Package minioprovider is the Pulumi plugin "minio": buckets, objects, users and policies of a MinIO server. Its
// resources behave as those of @pulumi/minio (https://www.pulumi.com/registry/packages/minio/), without the faults of
// that plugin that strict.go lists.
package minioprovider

import (
	"flts/toolchain/internal/provider"
)

// Version is that of the npm package @pulumi/minio in package.json; tests/plugins holds the two together.
const Version = "0.17.1"

// The resource types of the package.
const (
	bucketToken     = "minio:index/s3Bucket:S3Bucket"
	versioningToken = "minio:index/s3BucketVersioning:S3BucketVersioning"
	lifecycleToken  = "minio:index/ilmPolicy:IlmPolicy"
	objectToken     = "minio:index/s3Object:S3Object"
	userToken       = "minio:index/iamUser:IamUser"
	policyToken     = "minio:index/iamPolicy:IamPolicy"
	attachmentToken = "minio:index/iamUserPolicyAttachment:IamUserPolicyAttachment"
)

// Description returns the plugin.
func Description() provider.Description[*Client] {
	return provider.Description[*Client]{
		Name:     "minio",
		Version:  Version,
		Settings: settings(),
		Connect:  connect,
		Resources: []provider.Resource[*Client]{
			confirmed(bucket()), confirmed(bucketVersioning()), confirmed(bucketLifecycle()), confirmed(object()),
			confirmed(user()), confirmed(policy()), confirmed(userPolicyAttachment()),
		},
		AsOfficial: asOfficial,
	}
}

// settings are the inputs of minio.Provider, with the environment variables of the Terraform provider behind the npm
// package (https://registry.terraform.io/providers/aminueza/minio/latest/docs).
func settings() []provider.Property {
	return []provider.Property{
		{Name: "minioServer", Environment: []string{"MINIO_ENDPOINT"},
			Description: "Host and port of the server, without a scheme."},
		{Name: "minioUser", Environment: []string{"MINIO_USER"}, Description: "User to sign in as."},
		{Name: "minioPassword", Secret: true, Environment: []string{"MINIO_PASSWORD"}, Description: "The user's password."},
		{Name: "minioAccessKey", Environment: []string{"MINIO_ACCESS_KEY"}, Deprecated: "use minioUser instead"},
		{Name: "minioSecretKey", Secret: true, Environment: []string{"MINIO_SECRET_KEY"},
			Deprecated: "use minioPassword instead"},
		{Name: "minioSessionToken", Secret: true, Environment: []string{"MINIO_SESSION_TOKEN"},
			Description: "Session token of temporary credentials."},
		{Name: "minioRegion", Default: "us-east-1", Description: "Region of new buckets. Default `us-east-1`."},
		{Name: "minioApiVersion", Default: "v4", Check: provider.OneOf("v2", "v4"),
			Description: "Version of the request signatures: `v2` or `v4` (default)."},
		{Name: "minioSsl", Kind: provider.Flag, Environment: []string{"MINIO_ENABLE_HTTPS"},
			Description: "Whether to connect with TLS. Default false."},
		{Name: "minioInsecure", Kind: provider.Flag, Environment: []string{"MINIO_INSECURE"},
			Description: "Whether to accept any certificate of the server. Default false."},
		{Name: "minioCacertFile", Environment: []string{"MINIO_CACERT_FILE"},
			Description: "PEM file with the authorities to trust beside the system's."},
		{Name: "minioCertFile", Environment: []string{"MINIO_CERT_FILE"}, Description: "PEM file with a client certificate."},
		{Name: "minioKeyFile", Environment: []string{"MINIO_KEY_FILE"}, Description: "PEM file with its private key."},
	}
}
