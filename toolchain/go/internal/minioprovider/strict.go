package minioprovider

import (
	"context"
	"errors"
	"fmt"

	"flts/toolchain/internal/provider"

	"github.com/minio/madmin-go/v3"
	"github.com/minio/minio-go/v7"
)

// This file is all that strict mode changes: the faults of the official plugin, pulumi-resource-minio 0.17.1, by the
// rows of the table in tests/plugins/README.md.

type (
	createFunction = func(context.Context, *Client, provider.Values) (string, provider.Values, error)
	readFunction   = func(context.Context, *Client, string, provider.Values) (string, provider.Values, error)
	deleteFunction = func(context.Context, *Client, string, provider.Values) error
)

func asOfficial(resource provider.Resource[*Client]) provider.Resource[*Client] {
	message := map[string]string{
		bucketToken: "unable to remove bucket", objectToken: "deleting object failed", userToken: "error deleting IAM User",
		policyToken: "unable to delete policy", versioningToken: "error suspending bucket versioning",
		attachmentToken: "unable to delete user policy", lifecycleToken: "deleting lifecycle configuration failed",
	}[resource.Token]
	resource.Delete = missingFails(resource.Delete, message)
	switch resource.Token {
	case bucketToken:
		resource.Create = officialBucketCreate(resource.Create)
		resource.Read = officialBucketRead(resource.Read)
		resource.Update = officialBucketUpdate
	case objectToken:
		resource.Create = officialObjectCreate(resource.Create)
		resource.Read = officialObjectRead(resource.Read)
	case lifecycleToken:
		resource.Read = officialLifecycleRead(resource.Read)
	case userToken:
		resource.Create = setUser // Row 8: a user of that name is taken over.
		resource.Read = officialUserRead(resource.Read)
	case policyToken:
		resource.Read = officialPolicyRead(resource.Read)
	case attachmentToken:
		resource.Create, resource.Read = officialAttach, officialAttachmentRead
		resource.Delete = officialDetach
	}
	return resource
}

// fatal words an error as the official plugin does.
func fatal(message, name string, err error) error {
	var administration madmin.ErrorResponse
	var objects minio.ErrorResponse
	cause := fmt.Sprint(err)
	if errors.As(err, &administration) {
		cause = administration.Message
	} else if errors.As(err, &objects) {
		cause = objects.Message
	}
	return fmt.Errorf("[FATAL] %s (%s): %s", message, name, cause)
}

// Row 7: what is gone cannot be removed.
func missingFails(remove deleteFunction, message string) deleteFunction {
	return func(ctx context.Context, client *Client, id string, state provider.Values) error {
		err := remove(ctx, client, id, state)
		if errors.Is(err, provider.ErrNotFound) {
			return fatal(message, id, err)
		}
		return err
	}
}

// Row 2: there is no hint at the import.
func officialBucketCreate(create createFunction) createFunction {
	return func(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
		name := inputs.Text("bucket")
		if exists, err := client.objects.BucketExists(ctx, name); name != "" && err == nil && exists {
			return "", nil, fatal("bucket already exists!", name, nil)
		}
		return create(ctx, client, inputs)
	}
}

// Rows 2 and 3: any error means that the bucket does not exist. Row 10: what else the server knows is not looked at.
func officialBucketRead(read readFunction) readFunction {
	return func(
		ctx context.Context, client *Client, id string, state provider.Values,
	) (string, provider.Values, error) {
		if found, err := client.objects.BucketExists(ctx, id); err != nil || !found {
			return "", nil, provider.ErrNotFound
		}
		if imported := !state.Has("bucket"); imported {
			return read(ctx, client, id, state)
		}
		return id, state.With(client.place(id)), nil
	}
}

// Row 10: the state holds what was wanted.
func officialBucketUpdate(
	ctx context.Context, client *Client, id string, state, inputs provider.Values,
) (provider.Values, error) {
	outputs, err := updateBucket(ctx, client, id, state, inputs)
	if err != nil {
		return nil, err
	}
	return outputs.With(provider.Values{"acl": inputs["acl"], "quota": inputs["quota"]}), nil
}

// Row 1: the path of a file does not arrive.
func officialObjectCreate(create createFunction) createFunction {
	return func(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
		if inputs.Has("source") {
			return "", nil, fatal("putting object failed", "", errors.New("one of source / content / content_base64 is not set"))
		}
		return create(ctx, client, inputs)
	}
}

// Row 6: an object is gone only if its bucket is there.
func officialObjectRead(read readFunction) readFunction {
	return func(
		ctx context.Context, client *Client, id string, state provider.Values,
	) (string, provider.Values, error) {
		newID, outputs, err := read(ctx, client, id, state)
		if err != nil && errorCode(err) != "NoSuchKey" {
			return "", nil, fatal("reading object failed", id, err)
		}
		return newID, outputs, err
	}
}

// Row 13: any error means that there are no rules.
func officialLifecycleRead(read readFunction) readFunction {
	return func(
		ctx context.Context, client *Client, id string, state provider.Values,
	) (string, provider.Values, error) {
		newID, outputs, err := read(ctx, client, id, state)
		if err != nil {
			return "", nil, provider.ErrNotFound
		}
		return newID, outputs, nil
	}
}

// A user that was disabled by others is not enabled again.
func officialUserRead(read readFunction) readFunction {
	return func(
		ctx context.Context, client *Client, id string, state provider.Values,
	) (string, provider.Values, error) {
		newID, outputs, err := read(ctx, client, id, state)
		if err == nil && state.Has("name") {
			outputs["disableUser"] = state.Flag("disableUser")
		}
		return newID, outputs, err
	}
}

// Row 4: a policy that is gone stays in the state.
func officialPolicyRead(read readFunction) readFunction {
	return func(
		ctx context.Context, client *Client, id string, state provider.Values,
	) (string, provider.Values, error) {
		newID, outputs, err := read(ctx, client, id, state)
		if err != nil {
			return "", nil, fatal("unable to read policy", id, err)
		}
		return newID, outputs, nil
	}
}

// An attachment is the user's only one: it takes the place of any other policy.
func officialAttach(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
	userName, policyName := inputs.Text("userName"), inputs.Text("policyName")
	if err := client.administration.SetPolicy(ctx, policyName, userName, false); err != nil {
		return "", nil, fatal("unable to Set User policy", userName+" "+policyName, err)
	}
	return userName + "/" + policyName, inputs, nil
}

// Row 5: the attachment of a user that is gone stays in the state.
func officialAttachmentRead(
	ctx context.Context, client *Client, id string, state provider.Values,
) (string, provider.Values, error) {
	userName, _, err := attachmentOf(id, state)
	if err != nil {
		return "", nil, err
	}
	actual, err := client.administration.GetUserInfo(ctx, userName)
	if err != nil {
		return "", nil, fatal("failed to load user Infos", userName, err)
	}
	if actual.PolicyName == "" {
		return "", nil, provider.ErrNotFound
	}
	return id, provider.Values{"userName": userName, "policyName": actual.PolicyName}, nil
}

// Row 5: the attachment of a user that is gone cannot be deleted.
func officialDetach(ctx context.Context, client *Client, _ string, state provider.Values) error {
	userName := state.Text("userName")
	if err := client.administration.SetPolicy(ctx, "", userName, false); err != nil {
		return fatal("unable to delete user policy", userName, err)
	}
	return nil
}
