// Package kubernetessdktest tests what stands for the Kubernetes plugin's Go SDK (../kubernetes-sdk), as the plugin uses it.
package kubernetessdktest

import (
	"context"
	"reflect"
	"sync"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	helmv4 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v4"
	yamlv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/yaml/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// engine keeps what is registered.
type engine struct {
	mutex      sync.Mutex
	registered map[string]resource.PropertyMap
}

func (e *engine) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

func (e *engine) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.registered[args.TypeToken] = args.Inputs
	return args.Name, args.Inputs, nil
}

func run(t *testing.T, program func(ctx *pulumi.Context) error) *engine {
	t.Helper()
	engine := &engine{registered: map[string]resource.PropertyMap{}}
	if err := pulumi.RunErr(program, pulumi.WithMocks("project", "stack", engine)); err != nil {
		t.Fatal(err)
	}
	return engine
}

func TestObjectsOfAManifestAreRegisteredWithTheTypesOfOfficialPlugins(t *testing.T) {
	kinds := []struct{ apiVersion, kind, token string }{
		{"v1", "Secret", "kubernetes:core/v1:Secret"},
		{"apps/v1", "Deployment", "kubernetes:apps/v1:Deployment"},
		{"networking.k8s.io/v1", "Ingress", "kubernetes:networking.k8s.io/v1:Ingress"},
		{"example.com/v1", "Widget", "kubernetes:example.com/v1:Widget"},
	}
	engine := run(t, func(ctx *pulumi.Context) error {
		for _, each := range kinds {
			fields := kubernetes.UntypedArgs{
				"kind":       each.kind,
				"metadata":   map[string]any{"name": "x"},
				"stringData": pulumi.ToSecret(map[string]any{"password": "p"}),
			}
			if _, err := yamlv2.RegisterResource(ctx, each.apiVersion, each.kind, each.kind, fields); err != nil {
				return err
			}
		}
		return nil
	})
	for _, each := range kinds {
		inputs, found := engine.registered[each.token]
		if !found {
			t.Errorf("%s %s is not registered as %s", each.apiVersion, each.kind, each.token)
			continue
		}
		if inputs["kind"].StringValue() != each.kind || inputs["metadata"].ObjectValue()["name"].StringValue() != "x" {
			t.Errorf("%s lost fields: %v", each.token, inputs)
		}
		if !inputs["stringData"].IsSecret() {
			t.Errorf("%s: a secret became plain", each.token)
		}
	}
}

func TestOptionsOfAChartArriveWithTheirValuesAndSecrets(t *testing.T) {
	repository, user := "https://charts.example", "reader"
	run(t, func(ctx *pulumi.Context) error {
		var options helmv4.RepositoryOptsInput = helmv4.RepositoryOptsArgs{
			Repo:     pulumi.String(repository),
			Username: pulumi.String(user),
			Password: pulumi.ToSecret(pulumi.String("p")).(pulumi.StringOutput),
		}
		result, err := internals.UnsafeAwaitOutput(ctx.Context(), options.ToRepositoryOptsOutput())
		if err != nil {
			return err
		}
		password := "p"
		wanted := helmv4.RepositoryOpts{Repo: &repository, Username: &user, Password: &password}
		if !reflect.DeepEqual(result.Value, wanted) || !result.Secret {
			t.Errorf("options are %+v, secret %v", result.Value, result.Secret)
		}
		var renderer helmv4.PostRendererInput = helmv4.PostRendererArgs{
			Command: pulumi.String("sed"), Args: pulumi.StringArray{pulumi.String("s/a/b/")},
		}
		result, err = internals.UnsafeAwaitOutput(context.Background(), renderer.ToPostRendererOutput())
		if err != nil {
			return err
		}
		if wanted := (helmv4.PostRenderer{Command: "sed", Args: []string{"s/a/b/"}}); !reflect.DeepEqual(result.Value, wanted) {
			t.Errorf("the post-renderer is %+v", result.Value)
		}
		return nil
	})
}
