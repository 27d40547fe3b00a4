package provider

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
)

const (
	token = "test:index/thing:Thing"
	urn   = resource.URN("urn:pulumi:stack::project::" + token + "::thing")
)

var errDown = errors.New("connection refused")

// things is a plugin with one resource, whose Read answers as configured. Its Create makes it and fails to read it back.
func things(read func() (Values, error)) *Provider[int] {
	return New(Description[int]{
		Name: "test", Version: "1.2.3",
		Settings: []Property{
			{Name: "port", Kind: Integer, Environment: []string{"THING_PORT"}, Default: 1},
			{Name: "secure", Kind: Flag},
		},
		Connect: func(settings Values) (int, error) { return settings.Integer("port"), nil },
		Resources: []Resource[int]{{
			Token: token, UniqueName: "name",
			Properties: []Property{
				{Name: "name", AutoName: true, Replace: true},
				{Name: "size", Kind: Integer, Default: 3},
				{Name: "zone", Computed: true, Replace: true},
				{Name: "labels", Kind: TextList, Same: func(old, new any) bool { return len(old.([]any)) == len(new.([]any)) }},
				{Name: "key", Secret: true, Check: OneOf("good")},
				{Name: "etag", OutputOnly: true, Volatile: true},
				{Name: "arn", OutputOnly: true},
			},
			Create: func(_ context.Context, _ int, inputs Values) (string, Values, error) {
				if inputs.Text("name") == "refused" {
					return "", nil, errDown
				}
				return Made("id", inputs, nil, errDown)
			},
			Read: func(context.Context, int, string, Values) (string, Values, error) {
				values, err := read()
				return "id", values, err
			},
		}},
	})
}

func properties(values map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(values)
}

func TestCheckNamesTheResourceOnce(t *testing.T) {
	provider := things(nil)
	request := plugin.CheckRequest{URN: urn, Type: token, News: properties(map[string]any{})}
	first, err := provider.Check(context.Background(), request)
	if err != nil || !strings.HasPrefix(first.Properties["name"].StringValue(), "thing-") {
		t.Fatalf("name %v, error %v", first.Properties["name"], err)
	}
	request.Olds = first.Properties
	second, _ := provider.Check(context.Background(), request)
	if second.Properties["name"].StringValue() != first.Properties["name"].StringValue() {
		t.Errorf("the name changed from %v to %v", first.Properties["name"], second.Properties["name"])
	}
}

func TestCheckReportsEveryMistakeWithoutShowingSecrets(t *testing.T) {
	response, err := things(nil).Check(context.Background(), plugin.CheckRequest{URN: urn, Type: token,
		News: properties(map[string]any{"size": 1.5, "labels": []any{1.0}, "key": "hunter2", "colour": "red"})})
	if err != nil {
		t.Fatal(err)
	}
	if len(response.Failures) != 4 {
		t.Errorf("%d failures: %v", len(response.Failures), response.Failures)
	}
	for _, failure := range response.Failures {
		if strings.Contains(failure.Reason, "hunter2") {
			t.Errorf("a failure shows the secret: %s", failure.Reason)
		}
	}
}

func TestDiff(t *testing.T) {
	state := map[string]any{"name": "a", "size": 3.0, "zone": "z1", "labels": []any{"x"}}
	for name, test := range map[string]struct {
		old, new map[string]any
		changed  string
		replace  bool
		first    bool
	}{
		"a default written down":        {old: map[string]any{"name": "a"}, new: map[string]any{"name": "a", "size": 3.0}},
		"a computed value written down": {old: map[string]any{"name": "a"}, new: map[string]any{"name": "a", "zone": "z1"}},
		"a computed value left out":     {old: map[string]any{"name": "a", "zone": "z1"}, new: map[string]any{"name": "a"}},
		"a change in place":             {old: state, new: map[string]any{"name": "a", "size": 4.0, "labels": []any{"y"}}, changed: "size"},
		"a rename":                      {old: state, new: map[string]any{"name": "b", "labels": []any{"x"}}, changed: "name", replace: true},
		"a replacement under one name": {old: state, new: map[string]any{"name": "a", "zone": "z2", "labels": []any{"x"}},
			changed: "zone", replace: true, first: true},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := things(nil).Diff(context.Background(), plugin.DiffRequest{URN: urn, Type: token,
				OldInputs: properties(test.old), OldOutputs: properties(state), NewInputs: properties(test.new)})
			if err != nil {
				t.Fatal(err)
			}
			_, changed := result.DetailedDiff[test.changed]
			if changed != (test.changed != "") || len(result.DetailedDiff) > 1 {
				t.Errorf("changed: %v, want %q", result.DetailedDiff, test.changed)
			}
			if result.Replace() != test.replace || result.DeleteBeforeReplace != test.first {
				t.Errorf("replace %t, delete first %t", result.Replace(), result.DeleteBeforeReplace)
			}
		})
	}
}

func TestPreviewKnowsWhatTheInputsTell(t *testing.T) {
	provider := things(nil)
	created, err := provider.Create(context.Background(), plugin.CreateRequest{
		URN: urn, Type: token, Preview: true, Properties: properties(map[string]any{"name": "a"})})
	if err != nil || !created.Properties["arn"].IsComputed() || created.Properties["size"].NumberValue() != 3 {
		t.Errorf("preview of a create: %v, %v", created.Properties, err)
	}
	updated, err := provider.Update(context.Background(), plugin.UpdateRequest{URN: urn, Type: token, Preview: true,
		OldOutputs: properties(map[string]any{"arn": "x", "etag": "1"}), NewInputs: properties(map[string]any{"name": "a"})})
	if err != nil || !updated.Properties["etag"].IsComputed() || updated.Properties["arn"].StringValue() != "x" {
		t.Errorf("preview of an update: %v, %v", updated.Properties, err)
	}
}

func TestReadShowsDriftAndKeepsWhatItCannotReach(t *testing.T) {
	request := plugin.ReadRequest{URN: urn, Type: token, ID: "id", Inputs: properties(map[string]any{"name": "a"}),
		State: properties(map[string]any{"name": "a", "size": 3.0})}
	drifted := Values{"name": "a", "size": 9, "key": "k"}
	response, err := things(func() (Values, error) { return drifted, nil }).Read(context.Background(), request)
	if err != nil || response.Inputs["size"].NumberValue() != 9 || !response.Outputs["key"].IsSecret() {
		t.Errorf("drift: %v %v, %v", response.Inputs, response.Outputs, err)
	}
	response, err = things(func() (Values, error) { return nil, ErrNotFound }).Read(context.Background(), request)
	if err != nil || response.ID != "" {
		t.Errorf("gone: %v, %v", response, err)
	}
	_, err = things(func() (Values, error) { return nil, errDown }).Read(context.Background(), request)
	if !errors.Is(err, errDown) || !strings.Contains(err.Error(), token) {
		t.Errorf("unreachable: %v", err)
	}
}

func TestAnObjectThatCannotBeReadBackReachesTheState(t *testing.T) {
	create := func(name string) *rpcerror.Error {
		_, err := things(nil).Create(context.Background(), plugin.CreateRequest{
			URN: urn, Type: token, Properties: properties(map[string]any{"name": name, "key": "good"})})
		failure, ok := rpcerror.FromError(err)
		if err == nil || (ok && failure.Code() != codes.Unknown) {
			t.Fatalf("error %v", err)
		}
		return failure
	}
	var made *pulumirpc.ErrorResourceInitFailed
	for _, detail := range create("a").Details() {
		made, _ = detail.(*pulumirpc.ErrorResourceInitFailed)
	}
	if made == nil || made.Id != "id" || made.Properties.AsMap()["name"] != "a" || !strings.Contains(made.Reasons[0], "refused") {
		t.Errorf("made: %v", made)
	}
	if failure := create("refused"); failure != nil && len(failure.Details()) > 0 {
		t.Errorf("not made: %v", failure.Details())
	}
}

func TestStrictModeIsOnOffOrAnError(t *testing.T) {
	for text, want := range map[string]bool{"": false, "0": false, "1": true, "true": true} {
		t.Setenv(strictVariable, text)
		if strict, err := strictMode(); err != nil || strict != want {
			t.Errorf("%q gives %t, %v", text, strict, err)
		}
	}
	t.Setenv(strictVariable, "perhaps")
	if _, err := strictMode(); err == nil || !strings.Contains(err.Error(), `FLTS_PLUGIN_STRICT is "perhaps": set it to 1 or 0`) {
		t.Errorf("error: %v", err)
	}
}

func TestAnImportNamesItsObject(t *testing.T) {
	read := func() (Values, error) { return Values{"name": "a", "zone": "z1"}, nil }
	response, err := things(read).Read(context.Background(), plugin.ReadRequest{URN: urn, Type: token, ID: "a"})
	if err != nil || response.Inputs["name"].StringValue() != "a" || response.Inputs["zone"].HasValue() {
		t.Errorf("inputs %v, error %v", response.Inputs, err)
	}
}

func TestSettingsComeFromTextsAndTheEnvironment(t *testing.T) {
	provider := things(nil)
	t.Setenv("THING_PORT", "77")
	for text, want := range map[string]int{"": 77, "8": 8} {
		inputs := resource.PropertyMap{}
		if text != "" {
			inputs["port"] = resource.NewProperty(text)
		}
		if _, err := provider.Configure(context.Background(), plugin.ConfigureRequest{Inputs: inputs}); err != nil {
			t.Fatal(err)
		}
		if provider.client != want {
			t.Errorf("port %q gives %d, want %d", text, provider.client, want)
		}
	}
	_, err := provider.Configure(context.Background(),
		plugin.ConfigureRequest{Inputs: properties(map[string]any{"secure": "perhaps"})})
	if err == nil || !strings.Contains(err.Error(), `secure is "perhaps": it must be true or false`) {
		t.Errorf("wrong flag: %v", err)
	}
}

func TestUnknownResourceIsNamed(t *testing.T) {
	_, err := things(nil).Check(context.Background(), plugin.CheckRequest{URN: urn, Type: "test:index/other:Other"})
	if err == nil || !strings.Contains(err.Error(), "pulumi plugin install resource test 1.2.3") {
		t.Errorf("error: %v", err)
	}
}
