// Command pulumi-resource-kubernetes serves the Kubernetes provider. The module of the official plugin
// lacks the files its own main embeds (they are generated at release), so the build driver copies the
// schema out of the module, beside this file, and this main embeds that.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

func main() {
	provider.Serve("kubernetes", version.Version, schema, terraformMapping)
}
