package networkpolicy

import (
	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"

	"flts/toolchain/internal/component"
)

// NewCommand is the component network-policy-enforcer of the embedded cluster.
func NewCommand() *cobra.Command {
	var program string
	command := component.NewCommand(
		"network-policy-enforcer",
		"Turns NetworkPolicies into iptables rules of this machine",
		func(client kubernetes.Interface) (component.Component, error) {
			return NewEnforcer(client, RestoreWith(program)), nil
		},
	)
	command.Flags().StringVar(&program, "iptables-restore", "iptables-restore", "path of iptables-restore")
	return command
}
