package minioprovider

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"time"

	"flts/toolchain/internal/provider"

	"github.com/minio/minio-go/v7/pkg/lifecycle"
)

const (
	// dateFormat is that of an expiration on a day.
	dateFormat = "2006-01-02"
	// deleteMarker is the expiration of what marks a deleted object.
	deleteMarker = "DeleteMarker"
	// ruleEnabled is the status of every rule.
	ruleEnabled = "Enabled"
)

var days = regexp.MustCompile(`^([1-9][0-9]{0,8})d$`)

// bucketLifecycle is the resource IlmPolicy. Its inputs and what they mean are those of minio_ilm_policy in
// terraform-provider-minio 1.20.1, which the npm package bridges
// (https://registry.terraform.io/providers/aminueza/minio/1.20.1/docs/resources/ilm_policy); they were not measured.
// Rules by tags are left out.
func bucketLifecycle() provider.Resource[*Client] {
	write := func(ctx context.Context, client *Client, inputs provider.Values) error {
		configuration := lifecycle.NewConfiguration()
		for _, rule := range inputs.Objects("rules") {
			configuration.Rules = append(configuration.Rules, lifecycle.Rule{
				ID: rule.Text("id"), Status: ruleEnabled, Expiration: expirationOf(rule.Text("expiration")),
				NoncurrentVersionExpiration: lifecycle.NoncurrentVersionExpiration{
					NoncurrentDays: lifecycle.ExpirationDays(rule.Integer("noncurrentVersionExpirationDays")),
				},
				RuleFilter: lifecycle.Filter{Prefix: rule.Text("filter")},
			})
		}
		return client.failed(client.objects.SetBucketLifecycle(ctx, inputs.Text("bucket"), configuration))
	}
	return provider.Resource[*Client]{
		Token:       lifecycleToken,
		Description: "The rules by which objects of a bucket are deleted; all of them.",
		UniqueName:  "bucket",
		Properties: []provider.Property{
			{Name: "bucket", Required: true, Replace: true, Check: noLongerThan(longestBucketName),
				Description: "Name of the bucket."},
			{Name: "rules", Kind: provider.ObjectList, Required: true, Same: sameRules, Description: "The rules.",
				Fields: []provider.Property{
					{Name: "id", Required: true, Description: "Name of the rule."},
					{Name: "expiration", Check: isExpiration,
						Description: "Days after which an object is deleted (`5d`), a day (`1970-01-01`), or `DeleteMarker`."},
					{Name: "noncurrentVersionExpirationDays", Kind: provider.Integer, Check: positive,
						Description: "Days after which earlier versions are deleted."},
					{Name: "filter", Description: "What the keys begin with. Default: all."},
					{Name: "status", OutputOnly: true, Description: "`Enabled`."},
				}},
		},
		Create: func(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
			name := inputs.Text("bucket")
			if err := write(ctx, client, inputs); err != nil {
				return "", nil, err
			}
			outputs, err := readLifecycle(ctx, client, name)
			return provider.Made(name, inputs, outputs, err)
		},
		Read: func(ctx context.Context, client *Client, id string, _ provider.Values) (string, provider.Values, error) {
			outputs, err := readLifecycle(ctx, client, id)
			return id, outputs, err
		},
		Update: func(ctx context.Context, client *Client, id string, _, inputs provider.Values) (provider.Values, error) {
			if err := write(ctx, client, inputs); err != nil {
				return nil, err
			}
			return readLifecycle(ctx, client, id)
		},
		Delete: func(ctx context.Context, client *Client, id string, _ provider.Values) error {
			return client.failed(client.objects.SetBucketLifecycle(ctx, id, lifecycle.NewConfiguration()))
		},
	}
}

func readLifecycle(ctx context.Context, client *Client, name string) (provider.Values, error) {
	configuration, err := client.objects.GetBucketLifecycle(ctx, name)
	if errorCode(err) == "NoSuchLifecycleConfiguration" {
		return nil, provider.ErrNotFound
	}
	if err != nil {
		return nil, client.failed(err)
	}
	var rules []any
	for _, rule := range configuration.Rules {
		found := map[string]any{"id": rule.ID, "status": rule.Status}
		if text := expirationText(rule.Expiration); text != "" {
			found["expiration"] = text
		}
		if count := int(rule.NoncurrentVersionExpiration.NoncurrentDays); count != 0 {
			found["noncurrentVersionExpirationDays"] = count
		}
		if rule.RuleFilter.Prefix != "" {
			found["filter"] = rule.RuleFilter.Prefix
		}
		rules = append(rules, found)
	}
	return provider.Values{"bucket": name, "rules": rules}, nil
}

// sameRules leaves out what the server alone says of rules.
func sameRules(old, new any) bool {
	return reflect.DeepEqual(withoutStatus(old), withoutStatus(new))
}

func withoutStatus(rules any) []provider.Values {
	wanted := provider.Values{"rules": rules}.Objects("rules")
	for index, rule := range wanted {
		wanted[index] = rule.With(nil)
		delete(wanted[index], "status")
	}
	return wanted
}

func isExpiration(value any) string {
	text, _ := value.(string)
	if expirationOf(text).IsNull() {
		return fmt.Sprintf("must be a number of days (5d), a date (1970-01-01), or %q", deleteMarker)
	}
	return ""
}

func positive(value any) string {
	if number, ok := value.(float64); ok && number < 1 {
		return "must be at least 1"
	}
	return ""
}

// expirationOf is the meaning of an expiration; it is null for a text that has none.
func expirationOf(text string) lifecycle.Expiration {
	if text == deleteMarker {
		return lifecycle.Expiration{DeleteMarker: true}
	}
	if found := days.FindStringSubmatch(text); found != nil {
		count, _ := strconv.Atoi(found[1])
		return lifecycle.Expiration{Days: lifecycle.ExpirationDays(count)}
	}
	date, err := time.Parse(dateFormat, text)
	if err != nil {
		return lifecycle.Expiration{}
	}
	return lifecycle.Expiration{Date: lifecycle.ExpirationDate{Time: date}}
}

func expirationText(expiration lifecycle.Expiration) string {
	switch {
	case bool(expiration.DeleteMarker):
		return deleteMarker
	case expiration.Days != 0:
		return fmt.Sprintf("%dd", expiration.Days)
	case !expiration.Date.IsZero():
		return expiration.Date.Format(dateFormat)
	default:
		return ""
	}
}
