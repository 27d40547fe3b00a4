// Package networkpolicy enforces the NetworkPolicies of the embedded cluster, so that pods prove what a program
// declares. Policies become iptables rules in two chains, for traffic that pods send and for traffic that they
// receive; the chains FLTS-FORWARD and FLTS-INPUT lead there (toolchain/cluster/host/iptables.ts). Replies to accepted
// connections never come so far, and neither does what the node sends to its pods, which no policy may block.
package networkpolicy

import (
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// Chains of the filter table that this package owns.
const (
	egressChain  = "FLTS-EGRESS"
	ingressChain = "FLTS-INGRESS"
)

// Rules returns input for `iptables-restore --noflush` that makes the two chains hold exactly what the policies
// allow. A rule that allows returns to the caller, since traffic between two pods has to pass both chains; what
// nothing allows is dropped and not rejected, so that a connection made before its pod was known here succeeds at
// its next attempt.
func (c Cluster) Rules() string {
	lines := []string{"*filter", ":" + egressChain + " - [0:0]", ":" + ingressChain + " - [0:0]"}
	for _, pod := range c.members() {
		lines = append(lines, c.egressRules(pod)...)
		lines = append(lines, c.ingressRules(pod)...)
	}
	return strings.Join(append(lines, "COMMIT", ""), "\n")
}

func (c Cluster) egressRules(pod member) []string {
	policies := c.selected(pod, networkingv1.PolicyTypeEgress)
	if len(policies) == 0 {
		return nil
	}
	rules := ruleList{chain: egressChain}
	rules.add(pod.address, pod.address, "", "RETURN")
	for _, policy := range policies {
		for _, rule := range policy.Spec.Egress {
			for _, peer := range c.peers(policy.Namespace, rule.To) {
				for _, target := range c.targets(peer, rule.Ports) {
					for _, match := range portMatches(rule.Ports, target.pod) {
						rules.add(pod.address, target.address, match, "RETURN")
					}
				}
			}
		}
	}
	rules.add(pod.address, everything, "", "DROP")
	return rules.lines
}

func (c Cluster) ingressRules(pod member) []string {
	policies := c.selected(pod, networkingv1.PolicyTypeIngress)
	if len(policies) == 0 {
		return nil
	}
	rules := ruleList{chain: ingressChain}
	rules.add(pod.address, pod.address, "", "RETURN")
	for _, policy := range policies {
		for _, rule := range policy.Spec.Ingress {
			for _, peer := range c.peers(policy.Namespace, rule.From) {
				for _, match := range portMatches(rule.Ports, pod.Pod) {
					rules.add(peer, pod.address, match, "RETURN")
				}
			}
		}
	}
	rules.add(everything, pod.address, "", "DROP")
	return rules.lines
}

// target is where traffic goes; pod is nil unless the rule names ports, which only a pod has.
type target struct {
	address netip.Prefix
	pod     *corev1.Pod
}

// targets lists what a rule with these ports leads to at an address: the address itself and, for named ports, each
// pod there.
func (c Cluster) targets(address netip.Prefix, ports []networkingv1.NetworkPolicyPort) []target {
	found := []target{{address: address}}
	if hasNamedPort(ports) {
		for _, pod := range c.members() {
			if address.Contains(pod.address.Addr()) {
				found = append(found, target{address: pod.address, pod: pod.Pod})
			}
		}
	}
	return found
}

// ruleList collects the rules of one pod in one chain, each once: policies often allow the same thing twice.
type ruleList struct {
	chain string
	lines []string
}

func (r *ruleList) add(source, destination netip.Prefix, match, verdict string) {
	line := fmt.Sprintf("-A %s -s %s -d %s%s -j %s", r.chain, source, destination, match, verdict)
	for _, present := range r.lines {
		if present == line {
			return
		}
	}
	r.lines = append(r.lines, line)
}
