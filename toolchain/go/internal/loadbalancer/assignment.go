package loadbalancer

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// port is what two Services cannot both have at one address.
type port struct {
	protocol corev1.Protocol
	number   int32
}

// assign returns which Services get the address, by their namespace and name. There is one address: of Services that
// want the same port the oldest gets it, and the others wait, as they would for a cloud without addresses left.
func assign(services []*corev1.Service) map[string]bool {
	ordered := slices.Clone(services)
	slices.SortFunc(ordered, func(a, b *corev1.Service) int {
		return cmp.Or(
			a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
			cmp.Compare(key(a), key(b)),
		)
	})
	taken := map[port]bool{}
	assigned := map[string]bool{}
	for _, service := range ordered {
		wanted := ports(service)
		if !wants(service) || slices.ContainsFunc(wanted, func(one port) bool { return taken[one] }) {
			continue
		}
		for _, one := range wanted {
			taken[one] = true
		}
		assigned[key(service)] = true
	}
	return assigned
}

// wants reports whether the Service waits for an address of ours: a class names external load balancers.
func wants(service *corev1.Service) bool {
	return service.Spec.Type == corev1.ServiceTypeLoadBalancer &&
		service.Spec.LoadBalancerClass == nil &&
		service.DeletionTimestamp == nil
}

func ports(service *corev1.Service) []port {
	found := make([]port, 0, len(service.Spec.Ports))
	for _, one := range service.Spec.Ports {
		found = append(found, port{one.Protocol, one.Port})
	}
	return found
}

func key(service *corev1.Service) string {
	return service.Namespace + "/" + service.Name
}

// status is what a Service's load balancer should say.
func status(address netip.Addr, assigned bool) corev1.LoadBalancerStatus {
	if !assigned {
		return corev1.LoadBalancerStatus{}
	}
	return corev1.LoadBalancerStatus{Ingress: []corev1.LoadBalancerIngress{{IP: address.String()}}}
}

// says reports whether the Service says that already; what the API server adds of its own does not count.
func says(service *corev1.Service, wanted corev1.LoadBalancerStatus) bool {
	return slices.EqualFunc(service.Status.LoadBalancer.Ingress, wanted.Ingress,
		func(a, b corev1.LoadBalancerIngress) bool { return a.IP == b.IP && a.Hostname == b.Hostname })
}
