package loadbalancer

import (
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"

	"flts/toolchain/internal/component"
)

// NewCommand is the component load-balancer of the embedded cluster.
func NewCommand() *cobra.Command {
	var address string
	command := component.NewCommand(
		"load-balancer",
		"Gives Services of type LoadBalancer the node's address",
		func(client kubernetes.Interface) (component.Component, error) {
			parsed, err := netip.ParseAddr(address)
			if err != nil {
				return nil, fmt.Errorf("--address: %w", err)
			}
			return NewController(client, parsed), nil
		},
	)
	command.Flags().StringVar(&address, "address", "", "IP address that the Services get")
	return command
}
