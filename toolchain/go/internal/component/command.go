// Package component is what the embedded cluster's own controllers have in common: a command with a kubeconfig, and an
// address that reports whether they do their work.
package component

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

// Component works on the cluster until its context ends, and answers 200 while the cluster is as it should be.
type Component interface {
	http.Handler
	Run(ctx context.Context) error
}

// NewCommand is the command that runs a component, which build makes once the flags are known.
func NewCommand(use, short string, build func(client kubernetes.Interface) (Component, error)) *cobra.Command {
	var kubeconfig, address string
	command := &cobra.Command{
		Use:          use,
		Short:        short,
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
			component, err := build(client)
			if err != nil {
				return err
			}
			return serve(ctx, component, address)
		},
	}
	flags := command.Flags()
	flags.StringVar(&kubeconfig, "kubeconfig", "", "file with the API server's address and the credentials to use")
	flags.StringVar(&address, "health-address", "", "IP address and port that answer 200 while all is as it should be")
	for _, name := range []string{"kubeconfig", "health-address"} {
		if err := command.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return command
}

func serve(ctx context.Context, component Component, address string) error {
	server := &http.Server{Addr: address, Handler: component, ReadHeaderTimeout: time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	go func() { failed <- component.Run(ctx) }()
	err := <-failed
	return errors.Join(err, server.Close())
}
