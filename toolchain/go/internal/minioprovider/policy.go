package minioprovider

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"flts/toolchain/internal/provider"

	"github.com/minio/madmin-go/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Longest policy name and prefix, as the official package takes them, and the length of the suffix after a prefix.
const (
	longestPolicyName   = 96
	longestPolicyPrefix = 64
	policySuffix        = 26
)

func policy() provider.Resource[*Client] {
	write := func(ctx context.Context, client *Client, name string, inputs provider.Values) (provider.Values, error) {
		err := client.administration.AddCannedPolicy(ctx, name, []byte(inputs.Text("policy")))
		return inputs.With(provider.Values{"name": name}), client.failed(err)
	}
	return provider.Resource[*Client]{
		Token:       policyToken,
		Description: "A policy: what those to whom it is attached may do.",
		UniqueName:  "name",
		Properties: []provider.Property{
			{Name: "name", AutoName: true, AutoNameUnless: "namePrefix", Computed: true, AlwaysSet: true, Replace: true,
				Check: noLongerThan(longestPolicyName), Description: "Name of the policy."},
			{Name: "namePrefix", Replace: true, Check: noLongerThan(longestPolicyPrefix), Description: "Prefix of a name that is made."},
			{Name: "policy", Required: true, Same: func(old, new any) bool { return samePolicy(fmt.Sprint(old), fmt.Sprint(new)) },
				Check: checkPolicy, Description: "The policy as JSON."},
		},
		Create: func(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
			name := inputs.Text("name")
			if name == "" {
				made, err := resource.NewUniqueHex(inputs.Text("namePrefix"), policySuffix, longestPolicyName)
				if err != nil {
					return "", nil, err
				}
				name = made
			}
			outputs, err := write(ctx, client, name, inputs)
			return name, outputs, err
		},
		Read: func(ctx context.Context, client *Client, id string, state provider.Values) (string, provider.Values, error) {
			actual, err := client.administration.InfoCannedPolicyV2(ctx, id)
			if err != nil {
				return "", nil, client.failed(err)
			}
			text := string(actual.Policy)
			if samePolicy(text, state.Text("policy")) {
				text = state.Text("policy")
			}
			return id, state.With(provider.Values{"name": id, "policy": text}), nil
		},
		Update: func(ctx context.Context, client *Client, id string, _, inputs provider.Values) (provider.Values, error) {
			return write(ctx, client, id, inputs)
		},
		Delete: func(ctx context.Context, client *Client, id string, _ provider.Values) error {
			return client.failed(client.administration.RemoveCannedPolicy(ctx, id))
		},
	}
}

func checkPolicy(value any) string {
	if text, ok := value.(string); !ok || !json.Valid([]byte(text)) {
		return "must be valid JSON"
	}
	return ""
}

// samePolicy reports whether two policies say the same: order, spacing and the writing of single values as lists do not
// matter (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
func samePolicy(one, other string) bool {
	var first, second any
	if json.Unmarshal([]byte(one), &first) != nil || json.Unmarshal([]byte(other), &second) != nil {
		return one == other
	}
	return reflect.DeepEqual(canonical("", first), canonical("", second))
}

func canonical(key string, value any) any {
	switch typed := value.(type) {
	case map[string]any:
		if key == "Statement" {
			return canonical(key, []any{typed})
		}
		result := map[string]any{}
		for name, part := range typed {
			if text, ok := part.(string); ok && text == "" {
				continue // MinIO writes empty ids into policies that have none.
			}
			result[name] = canonical(name, part)
		}
		return result
	case []any:
		items := make([]any, len(typed))
		keys := make([]string, len(typed))
		for index, item := range typed {
			items[index] = canonical("", item)
			encoded, _ := json.Marshal(items[index])
			keys[index] = string(encoded)
		}
		sort.Strings(keys)
		return strings.Join(keys, ",")
	case string:
		if key == "" || key == "Version" || key == "Effect" || key == "Sid" || key == "ID" || key == "Id" {
			return typed
		}
		return canonical("", []any{typed})
	default:
		return typed
	}
}

func userPolicyAttachment() provider.Resource[*Client] {
	request := func(values provider.Values) madmin.PolicyAssociationReq {
		return madmin.PolicyAssociationReq{Policies: []string{values.Text("policyName")}, User: values.Text("userName")}
	}
	return provider.Resource[*Client]{
		Token:       attachmentToken,
		Description: "A policy attached to a user.",
		Properties: []provider.Property{
			{Name: "policyName", Required: true, Replace: true, Description: "Name of the policy."},
			{Name: "userName", Required: true, Replace: true, Description: "Name of the user."},
		},
		Create: func(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
			_, err := client.administration.AttachPolicy(ctx, request(inputs))
			return inputs.Text("userName") + "/" + inputs.Text("policyName"), inputs, client.failed(unlessApplied(err))
		},
		Read: readAttachment,
		Delete: func(ctx context.Context, client *Client, _ string, state provider.Values) error {
			_, err := client.administration.DetachPolicy(ctx, request(state))
			return client.failed(unlessApplied(err))
		},
	}
}

// unlessApplied drops the server's complaint that there is nothing to change.
func unlessApplied(err error) error {
	if errorCode(err) == "XMinioAdminPolicyChangeAlreadyApplied" {
		return nil
	}
	return err
}

// readAttachment looks whether the user has the policy.
func readAttachment(
	ctx context.Context, client *Client, id string, state provider.Values,
) (string, provider.Values, error) {
	userName, policyName, err := attachmentOf(id, state)
	if err != nil {
		return "", nil, err
	}
	actual, err := client.administration.GetUserInfo(ctx, userName)
	if err != nil {
		return "", nil, client.failed(err)
	}
	for _, attached := range strings.Split(actual.PolicyName, ",") {
		if attached == policyName {
			return id, provider.Values{"userName": userName, "policyName": policyName}, nil
		}
	}
	return "", nil, provider.ErrNotFound
}

// attachmentOf names the user and the policy of an attachment, on an import those of its id.
func attachmentOf(id string, state provider.Values) (userName, policyName string, err error) {
	if state.Has("userName") && state.Has("policyName") {
		return state.Text("userName"), state.Text("policyName"), nil
	}
	userName, policyName, found := strings.Cut(id, "/")
	if !found {
		return "", "", fmt.Errorf("the id to import is %q: it must be user/policy", id)
	}
	return userName, policyName, nil
}
