package networkpolicy

import (
	"context"
	"errors"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// NewCommand is the component network-policy-enforcer of the embedded cluster.
func NewCommand() *cobra.Command {
	var kubeconfig, program, address string
	command := &cobra.Command{
		Use:          "network-policy-enforcer",
		Short:        "Turns NetworkPolicies into iptables rules of this machine",
		SilenceUsage: true,
		Args:         cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			enforcer := NewEnforcer(client, RestoreWith(program))
			server := &http.Server{Addr: address, Handler: enforcer, ReadHeaderTimeout: time.Second}
			failed := make(chan error, 1)
			go func() { failed <- server.ListenAndServe() }()
			go func() {
				failed <- enforcer.Run(ctx)
			}()
			err = <-failed
			return errors.Join(err, server.Close())
		},
	}
	flags := command.Flags()
	flags.StringVar(&kubeconfig, "kubeconfig", "", "file with the API server's address and the credentials to use")
	flags.StringVar(&program, "iptables-restore", "iptables-restore", "path of iptables-restore")
	flags.StringVar(&address, "health-address", "", "IP address and port that answer 200 while the policies are enforced")
	for _, name := range []string{"kubeconfig", "health-address"} {
		if err := command.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return command
}
