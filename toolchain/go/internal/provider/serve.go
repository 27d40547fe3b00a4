package provider

import (
	"fmt"
	"os"

	pluginhost "github.com/pulumi/pulumi/pkg/v3/resource/provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Main serves the plugin until the engine ends it, and ends the process with an error if it cannot.
func Main[Client any](description Description[Client]) {
	program := "pulumi-resource-" + description.Name
	strict, err := strictMode()
	if strict {
		description = description.official()
	}
	if err == nil {
		err = pluginhost.Main(program, func(*pluginhost.HostClient) (pulumirpc.ResourceProviderServer, error) {
			return plugin.NewProviderServer(New(description)), nil
		})
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
		os.Exit(1)
	}
}
