package minioprovider

import (
	"context"
	"encoding/json"
	"fmt"
)

// privateAccess is the access of a bucket without a policy: only signed requests.
const privateAccess = "private"

// The S3 actions that each kind of anonymous access needs: on the bucket, and on its objects.
var (
	readBucketActions  = []string{"s3:GetBucketLocation", "s3:ListBucket"}
	writeBucketActions = []string{"s3:GetBucketLocation", "s3:ListBucketMultipartUploads"}
	readObjectActions  = []string{"s3:GetObject"}
	writeObjectActions = []string{"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"}
)

type statement struct {
	Effect    string              `json:"Effect"`
	Principal map[string][]string `json:"Principal"`
	Action    []string            `json:"Action"`
	Resource  []string            `json:"Resource"`
}

// accessPolicy is the bucket policy behind a kind of access, "" for private.
func accessPolicy(bucket, access string) (string, error) {
	allow := func(resource string, actions ...[]string) statement {
		one := statement{Effect: "Allow", Principal: map[string][]string{"AWS": {"*"}}, Resource: []string{resource}}
		for _, list := range actions {
			one.Action = append(one.Action, list...)
		}
		return one
	}
	whole, content := "arn:aws:s3:::"+bucket, "arn:aws:s3:::"+bucket+"/*"
	var statements []statement
	switch access {
	case privateAccess:
		return "", nil
	case "public-read":
		statements = []statement{allow(whole, readBucketActions), allow(content, readObjectActions)}
	case "public-write":
		statements = []statement{allow(whole, writeBucketActions), allow(content, writeObjectActions)}
	case "public-read-write":
		statements = []statement{allow(whole, readBucketActions, []string{"s3:ListBucketMultipartUploads"}),
			allow(content, readObjectActions, writeObjectActions)}
	case "public":
		// MinIO refuses "s3:*" on the bucket alone: it covers actions on objects.
		everything := allow(whole, []string{"s3:*"})
		everything.Resource = append(everything.Resource, content)
		statements = []statement{everything}
	default:
		return "", fmt.Errorf("acl is %q: it has no policy", access)
	}
	encoded, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	return string(encoded), err
}

func (client *Client) setAccess(ctx context.Context, bucket, access string) error {
	policy, err := accessPolicy(bucket, access)
	if err != nil {
		return err
	}
	err = client.objects.SetBucketPolicy(ctx, bucket, policy)
	if policy == "" && errorCode(err) == "NoSuchBucketPolicy" {
		return nil
	}
	return client.failed(err)
}

// access returns which kind of access the bucket's policy grants. A policy of another make is left to whoever made it:
// the state's kind stays.
func (client *Client) access(ctx context.Context, bucket, known string) (string, error) {
	actual, err := client.objects.GetBucketPolicy(ctx, bucket)
	if err != nil {
		return "", client.failed(err)
	}
	if actual == "" {
		return privateAccess, nil
	}
	for _, kind := range []string{"public-read", "public-write", "public-read-write", "public"} {
		policy, err := accessPolicy(bucket, kind)
		if err != nil {
			return "", err
		}
		if samePolicy(policy, actual) {
			return kind, nil
		}
	}
	if known == "" {
		known = privateAccess
	}
	return known, nil
}
