// Command pulumi-resource-random is the Pulumi plugin "random". See package randomprovider.
package main

import (
	"flts/toolchain/internal/provider"
	"flts/toolchain/internal/randomprovider"
)

func main() {
	provider.Main(randomprovider.Description())
}
