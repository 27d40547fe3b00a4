// Command pulumi-resource-postgresql is the Pulumi plugin "postgresql". See package postgresqlprovider.
package main

import (
	"flts/toolchain/internal/postgresqlprovider"
	"flts/toolchain/internal/provider"
)

func main() {
	provider.Main(postgresqlprovider.Description())
}
