// Command kubernetes is the embedded cluster's control plane and node agent in one binary. The first
// argument names the component, as in `kubernetes kube-apiserver --help`; one binary instead of six
// shares the linked packages and cuts the build by minutes.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"flts/toolchain/internal/loadbalancer"
	"flts/toolchain/internal/networkpolicy"
)

// The kubelet sets up its own signal context, and a process may do that only once.
var components = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kube-proxy":              proxy.NewProxyCommand,
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	"network-policy-enforcer": networkpolicy.NewCommand,
	"load-balancer":           loadbalancer.NewCommand,
}

func main() {
	if len(os.Args) < 2 {
		fail("no component named")
	}
	name := filepath.Base(os.Args[1])
	os.Args = append([]string{name}, os.Args[2:]...)
	if name == "etcd" {
		etcdmain.Main(os.Args)
		return
	}
	newCommand, known := components[name]
	if !known {
		fail(fmt.Sprintf("no component %q", name))
	}
	os.Exit(cli.Run(newCommand()))
}

func fail(reason string) {
	var names string
	for _, name := range slices.Sorted(maps.Keys(components)) {
		names += ", " + name
	}
	fmt.Fprintf(os.Stderr, "kubernetes: %s; choose etcd%s\n", reason, names)
	os.Exit(2)
}
