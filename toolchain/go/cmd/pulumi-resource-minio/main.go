// Command pulumi-resource-minio is the Pulumi plugin "minio". See package minioprovider.
package main

import (
	"flts/toolchain/internal/minioprovider"
	"flts/toolchain/internal/provider"
)

func main() {
	provider.Main(minioprovider.Description())
}
