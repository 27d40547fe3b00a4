package networkpolicy

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// portMatches returns the iptables matches for the ports of a policy's rule at the destination, each one that is
// enough; an empty one takes any port of any protocol. A name stands for the port that the destination, if it is
// a pod, gives it.
func portMatches(ports []networkingv1.NetworkPolicyPort, destination *corev1.Pod) []string {
	if len(ports) == 0 {
		return []string{""}
	}
	var found []string
	for _, port := range ports {
		protocol := corev1.ProtocolTCP
		if port.Protocol != nil {
			protocol = *port.Protocol
		}
		match := " -p " + strings.ToLower(string(protocol))
		switch {
		case port.Port == nil:
			found = append(found, match)
		case port.Port.Type == intstr.String:
			for _, number := range namedPorts(destination, port.Port.StrVal, protocol) {
				found = append(found, fmt.Sprintf("%s --dport %d", match, number))
			}
		case port.EndPort != nil:
			found = append(found, fmt.Sprintf("%s --dport %d:%d", match, port.Port.IntVal, *port.EndPort))
		default:
			found = append(found, fmt.Sprintf("%s --dport %d", match, port.Port.IntVal))
		}
	}
	return found
}

// namedPorts returns the pod's ports of that name and protocol; none for what is no pod.
func namedPorts(pod *corev1.Pod, name string, protocol corev1.Protocol) []int32 {
	if pod == nil {
		return nil
	}
	var found []int32
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			// The API server defaults the protocol of a container's port to TCP.
			if port.Name == name && port.Protocol == protocol {
				found = append(found, port.ContainerPort)
			}
		}
	}
	return found
}

func hasNamedPort(ports []networkingv1.NetworkPolicyPort) bool {
	for _, port := range ports {
		if port.Port != nil && port.Port.Type == intstr.String {
			return true
		}
	}
	return false
}
