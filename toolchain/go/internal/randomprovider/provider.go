// Package randomprovider is the Pulumi plugin "random": values made once and kept in the state. Its resources behave as
// those of @pulumi/random (https://www.pulumi.com/registry/packages/random/).
package randomprovider

import "flts/toolchain/internal/provider"

// Version is that of the npm package @pulumi/random in package.json; tests/plugins holds the two together.
const Version = "4.21.2"

// none stands for the client of a provider that has no server.
type none struct{}

// Description returns the plugin.
func Description() provider.Description[none] {
	return provider.Description[none]{
		Name:    "random",
		Version: Version,
		Connect: func(provider.Values) (none, error) { return none{}, nil },
		Resources: []provider.Resource[none]{
			password(), text(), randomBytes(), identifier(), integer(), uuid(),
		},
	}
}

// keepers replace the value when they change; every random resource has them.
var keepers = provider.Property{
	Name: "keepers", Kind: provider.TextMap, Replace: true,
	Description: "Arbitrary map of values that, when changed, will trigger recreation of resource.",
}

func positive(value any) string {
	if number, ok := value.(float64); ok && number < 1 {
		return "must be at least 1"
	}
	return ""
}

func notNegative(value any) string {
	if number, ok := value.(float64); ok && number < 0 {
		return "must be at least 0"
	}
	return ""
}
