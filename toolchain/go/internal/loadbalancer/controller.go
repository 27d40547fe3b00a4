// Package loadbalancer plays the part that a cloud's load balancers play elsewhere: kube-proxy leads what comes to the
// address of a Service of type LoadBalancer to its pods, and only somebody has to give the Service that address.
package loadbalancer

import (
	"context"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/klog/v2"

	"flts/toolchain/internal/component"
)

// repetition is how often all Services are looked at without a change, to do again what failed.
const repetition = 5 * time.Second

// Controller keeps the addresses of all Services of type LoadBalancer.
type Controller struct {
	client   kubernetes.Interface
	address  netip.Addr
	services corelisters.ServiceLister
	settled  atomic.Bool
}

// NewController makes a controller that gives out one address.
func NewController(client kubernetes.Interface, address netip.Addr) *Controller {
	return &Controller{client: client, address: address}
}

// ServeHTTP answers 200 while every Service has the address it should have, 503 before that and after a failure.
func (c *Controller) ServeHTTP(response http.ResponseWriter, _ *http.Request) {
	if !c.settled.Load() {
		http.Error(response, "Services wait for their address", http.StatusServiceUnavailable)
	}
}

// Run gives out addresses until ctx ends.
func (c *Controller) Run(ctx context.Context) error {
	factory := informers.NewSharedInformerFactory(c.client, 0)
	services := factory.Core().V1().Services()
	c.services = services.Lister()
	changed, err := component.Changes(services.Informer())
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	factory.WaitForCacheSync(ctx.Done())

	ticker := time.NewTicker(repetition)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if err := c.settle(ctx); err != nil {
			c.settled.Store(false)
			klog.ErrorS(err, "a Service could not be given its address")
		} else {
			c.settled.Store(true)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		case <-changed:
		}
	}
	return nil
}

// settle gives every Service the address it should have, and takes it from those that should have none.
func (c *Controller) settle(ctx context.Context) error {
	services, err := c.services.List(labels.Everything())
	if err != nil {
		return err
	}
	assigned := assign(services)
	for _, service := range services {
		if service.Spec.LoadBalancerClass != nil {
			continue
		}
		wanted := status(c.address, assigned[key(service)])
		if says(service, wanted) {
			continue
		}
		if err := c.update(ctx, service, wanted); err != nil {
			return err
		}
	}
	return nil
}

func (c *Controller) update(ctx context.Context, service *corev1.Service, wanted corev1.LoadBalancerStatus) error {
	changed := service.DeepCopy()
	changed.Status.LoadBalancer = wanted
	_, err := c.client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	return err
}
