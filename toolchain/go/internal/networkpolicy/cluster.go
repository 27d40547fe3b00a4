package networkpolicy

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Cluster is what policies are evaluated against.
type Cluster struct {
	Pods       []*corev1.Pod
	Namespaces []*corev1.Namespace
	Policies   []*networkingv1.NetworkPolicy
}

// member is a pod that has an address of its own in the pod network.
type member struct {
	*corev1.Pod
	address netip.Prefix
}

// members lists the pods that traffic can come from or go to, in a fixed order. A pod in the host's network has
// the node's address, and one that has ended may have given its address to another.
func (c Cluster) members() []member {
	var found []member
	for _, pod := range c.Pods {
		if pod.Spec.HostNetwork || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		address, err := netip.ParseAddr(pod.Status.PodIP)
		if err == nil && address.Is4() {
			found = append(found, member{pod, netip.PrefixFrom(address, 32)})
		}
	}
	slices.SortFunc(found, func(a, b member) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return found
}

// selected lists the policies of one direction that select the pod, in a fixed order: a pod that any selects is
// isolated in that direction.
func (c Cluster) selected(pod member, direction networkingv1.PolicyType) []*networkingv1.NetworkPolicy {
	var found []*networkingv1.NetworkPolicy
	for _, policy := range c.Policies {
		if policy.Namespace == pod.Namespace && slices.Contains(directions(policy), direction) &&
			matches(&policy.Spec.PodSelector, pod.Labels) {
			found = append(found, policy)
		}
	}
	slices.SortFunc(found, func(a, b *networkingv1.NetworkPolicy) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// directions of a policy; without policyTypes, ingress always and egress where it has rules.
func directions(policy *networkingv1.NetworkPolicy) []networkingv1.PolicyType {
	if len(policy.Spec.PolicyTypes) > 0 {
		return policy.Spec.PolicyTypes
	}
	found := []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
	if len(policy.Spec.Egress) > 0 {
		found = append(found, networkingv1.PolicyTypeEgress)
	}
	return found
}

// peers lists the addresses that a policy of the namespace means by its peers; no peer at all means everybody.
func (c Cluster) peers(namespace string, all []networkingv1.NetworkPolicyPeer) []netip.Prefix {
	if len(all) == 0 {
		return []netip.Prefix{everything}
	}
	var found []netip.Prefix
	for _, peer := range all {
		if peer.IPBlock != nil {
			found = append(found, blockOf(peer.IPBlock)...)
			continue
		}
		for _, pod := range c.members() {
			inNamespace := pod.Namespace == namespace
			if peer.NamespaceSelector != nil {
				inNamespace = matches(peer.NamespaceSelector, c.namespaceLabels(pod.Namespace))
			}
			if inNamespace && (peer.PodSelector == nil || matches(peer.PodSelector, pod.Labels)) {
				found = append(found, pod.address)
			}
		}
	}
	return found
}

func blockOf(block *networkingv1.IPBlock) []netip.Prefix {
	prefix, ok := parseBlock(block.CIDR)
	if !ok {
		return nil
	}
	var exceptions []netip.Prefix
	for _, text := range block.Except {
		if exception, ok := parseBlock(text); ok {
			exceptions = append(exceptions, exception)
		}
	}
	return without(prefix, exceptions)
}

func (c Cluster) namespaceLabels(name string) map[string]string {
	for _, namespace := range c.Namespaces {
		if namespace.Name == name {
			return namespace.Labels
		}
	}
	return nil
}

// matches reports whether a selector, of which the API server accepts only valid ones, takes the labels.
func matches(selector *metav1.LabelSelector, set map[string]string) bool {
	compiled, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && compiled.Matches(labels.Set(set))
}
