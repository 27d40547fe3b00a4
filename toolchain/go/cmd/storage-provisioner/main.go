// Command storage-provisioner gives the embedded cluster's claims a directory each on its only node. It runs
// beside the control plane instead of in a pod, so that storage needs no image and no privileged pod.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v11/controller"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "file with the API server's address and the credentials to use")
	directory := flag.String("directory", "", "absolute path below which each volume gets its directory")
	node := flag.String("node", "", "name of the node that has the directory")
	name := flag.String("name", "", "provisioner name, as StorageClasses give it")
	address := flag.String("metrics-address", "", "IP address that serves /metrics")
	port := flag.Int("metrics-port", 0, "TCP port that serves /metrics")
	flag.Parse()
	if *directory == "" || *node == "" || *name == "" || *address == "" || *port == 0 {
		fail(fmt.Errorf("--directory, --node, --name, --metrics-address and --metrics-port are needed"))
	}

	ctx, stop := signal.NotifyContext(klog.NewContext(context.Background(), klog.Background()), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		fail(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		fail(err)
	}
	controller.NewProvisionController(ctx, client, *name,
		&directoryProvisioner{root: *directory, node: *node, name: *name},
		// There is one process on one machine; an election would only delay its restart.
		controller.LeaderElection(false),
		controller.MetricsAddress(*address),
		controller.MetricsPort(int32(*port)),
	).Run(ctx)
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "storage-provisioner: %v\n", err)
	os.Exit(1)
}
