package networkpolicy

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func pod(namespace, name, ip string, labels map[string]string, ports ...corev1.ContainerPort) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Ports: ports}}},
		Status:     corev1.PodStatus{PodIP: ip, Phase: corev1.PodRunning},
	}
}

func app(name string) map[string]string { return map[string]string{"app": name} }

func namespace(name string, labels map[string]string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
}

// policy reads the spec of a policy of the namespace "a" from YAML.
func policy(t *testing.T, spec string) *networkingv1.NetworkPolicy {
	t.Helper()
	found := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "policy"}}
	if err := yaml.UnmarshalStrict([]byte(spec), &found.Spec); err != nil {
		t.Fatal(err)
	}
	return found
}

// A server and two clients of one namespace, and one client of another.
func cluster(policies ...*networkingv1.NetworkPolicy) Cluster {
	return Cluster{
		Pods: []*corev1.Pod{
			pod("a", "server", "10.0.0.1", app("server"),
				corev1.ContainerPort{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP},
				corev1.ContainerPort{Name: "http", ContainerPort: 8443, Protocol: corev1.ProtocolUDP}),
			pod("a", "friend", "10.0.0.2", app("friend")),
			pod("a", "stranger", "10.0.0.3", app("stranger")),
			pod("b", "friend", "10.0.0.4", app("friend")),
		},
		Namespaces: []*corev1.Namespace{namespace("a", nil), namespace("b", map[string]string{"team": "b"})},
		Policies:   policies,
	}
}

func rulesOf(c Cluster) []string {
	var rules []string
	for _, line := range strings.Split(c.Rules(), "\n") {
		if strings.HasPrefix(line, "-A ") {
			rules = append(rules, strings.NewReplacer("-A FLTS-", "", "/32", "", "10.0.0.", ".").Replace(line))
		}
	}
	return rules
}

func TestPoliciesBecomeRules(t *testing.T) {
	server := "podSelector: {matchLabels: {app: server}}\n"
	friend := "podSelector: {matchLabels: {app: friend}}\n"
	toServer := "-s .1 -d .1 -j RETURN"
	for name, one := range map[string]struct {
		spec string
		want []string
	}{
		"no rule lets nobody in": {
			spec: server,
			want: []string{"INGRESS " + toServer, "INGRESS -s 0.0.0.0/0 -d .1 -j DROP"},
		},
		"an empty rule lets everybody in": {
			spec: server + "ingress: [{}]",
			want: []string{"INGRESS " + toServer, "INGRESS -s 0.0.0.0/0 -d .1 -j RETURN", "INGRESS -s 0.0.0.0/0 -d .1 -j DROP"},
		},
		"an empty selector means every pod of the namespace": {
			spec: "podSelector: {}\npolicyTypes: [Egress]",
			want: []string{
				"EGRESS -s .2 -d .2 -j RETURN", "EGRESS -s .2 -d 0.0.0.0/0 -j DROP",
				"EGRESS " + toServer, "EGRESS -s .1 -d 0.0.0.0/0 -j DROP",
				"EGRESS -s .3 -d .3 -j RETURN", "EGRESS -s .3 -d 0.0.0.0/0 -j DROP",
			},
		},
		"a pod selector means pods of the policy's namespace": {
			spec: server + "ingress: [{from: [{podSelector: {matchLabels: {app: friend}}}], ports: [{port: 8080}]}]",
			want: []string{
				"INGRESS " + toServer, "INGRESS -s .2 -d .1 -p tcp --dport 8080 -j RETURN",
				"INGRESS -s 0.0.0.0/0 -d .1 -j DROP",
			},
		},
		"a namespace selector means all pods there": {
			spec: server + "ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}}], ports: [{protocol: UDP}]}]",
			want: []string{
				"INGRESS " + toServer, "INGRESS -s .4 -d .1 -p udp -j RETURN", "INGRESS -s 0.0.0.0/0 -d .1 -j DROP",
			},
		},
		"both selectors must fit": {
			spec: server + `ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]},
  podSelector: {matchLabels: {app: friend}}}]}]`,
			want: []string{"INGRESS " + toServer, "INGRESS -s .2 -d .1 -j RETURN", "INGRESS -s 0.0.0.0/0 -d .1 -j DROP"},
		},
		"a named port of ingress is the selected pod's": {
			spec: server + "ingress: [{ports: [{port: http}]}]",
			want: []string{
				"INGRESS " + toServer, "INGRESS -s 0.0.0.0/0 -d .1 -p tcp --dport 8080 -j RETURN",
				"INGRESS -s 0.0.0.0/0 -d .1 -j DROP",
			},
		},
		"a named port of egress is each peer's own": {
			spec: friend + "policyTypes: [Egress]\negress: [{ports: [{port: http, protocol: UDP}, {port: 80, endPort: 90}]}]",
			want: []string{
				"EGRESS -s .2 -d .2 -j RETURN", "EGRESS -s .2 -d 0.0.0.0/0 -p tcp --dport 80:90 -j RETURN",
				"EGRESS -s .2 -d .2 -p tcp --dport 80:90 -j RETURN",
				"EGRESS -s .2 -d .1 -p udp --dport 8443 -j RETURN", "EGRESS -s .2 -d .1 -p tcp --dport 80:90 -j RETURN",
				"EGRESS -s .2 -d .3 -p tcp --dport 80:90 -j RETURN", "EGRESS -s .2 -d .4 -p tcp --dport 80:90 -j RETURN",
				"EGRESS -s .2 -d 0.0.0.0/0 -j DROP",
			},
		},
		"a block leaves out its exceptions": {
			spec: friend + `policyTypes: [Egress]
egress: [{to: [{ipBlock: {cidr: 192.168.0.0/16, except: [192.168.128.0/17, 192.168.64.0/18]}}, {ipBlock: {cidr: "::/0"}}]}]`,
			want: []string{
				"EGRESS -s .2 -d .2 -j RETURN", "EGRESS -s .2 -d 192.168.0.0/18 -j RETURN", "EGRESS -s .2 -d 0.0.0.0/0 -j DROP",
			},
		},
		"without types, egress counts where it has rules": {
			spec: friend + "egress: [{to: [{podSelector: {matchLabels: {app: nobody}}}]}]",
			want: []string{
				"EGRESS -s .2 -d .2 -j RETURN", "EGRESS -s .2 -d 0.0.0.0/0 -j DROP",
				"INGRESS -s .2 -d .2 -j RETURN", "INGRESS -s 0.0.0.0/0 -d .2 -j DROP",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := rulesOf(cluster(policy(t, one.spec)))
			if strings.Join(got, "\n") != strings.Join(one.want, "\n") {
				t.Errorf("rules\n%s\nwanted\n%s", strings.Join(got, "\n"), strings.Join(one.want, "\n"))
			}
		})
	}
}

func TestPoliciesOfAPodAddUp(t *testing.T) {
	one := policy(t, "podSelector: {}\ningress: [{ports: [{port: 1}]}]")
	other := policy(t, "podSelector: {matchLabels: {app: server}}\ningress: [{ports: [{port: 1}, {port: 2}]}]")
	other.Name = "second"
	text := strings.Join(rulesOf(cluster(one, other)), "\n")
	for rule, count := range map[string]int{
		"-d .1 -p tcp --dport 1 -j RETURN": 1, "-d .1 -p tcp --dport 2 -j RETURN": 1, "-d .1 -j DROP": 1,
	} {
		if strings.Count(text, rule) != count {
			t.Errorf("%q is not there %d times:\n%s", rule, count, text)
		}
	}
}

func TestOnlyPodsWithAnAddressOfTheirOwnCount(t *testing.T) {
	all := cluster(policy(t, "podSelector: {}"))
	all.Pods = all.Pods[:1]
	for _, change := range []func(*corev1.Pod){
		func(one *corev1.Pod) { one.Spec.HostNetwork = true },
		func(one *corev1.Pod) { one.Status.Phase = corev1.PodSucceeded },
		func(one *corev1.Pod) { one.Status.Phase = corev1.PodFailed },
		func(one *corev1.Pod) { one.Status.PodIP = "" },
	} {
		changed := all
		changed.Pods = []*corev1.Pod{all.Pods[0].DeepCopy()}
		change(changed.Pods[0])
		if got := rulesOf(changed); len(got) > 0 {
			t.Errorf("rules for %+v: %v", changed.Pods[0], got)
		}
	}
}

func TestWithoutPoliciesNothingIsInTheWay(t *testing.T) {
	want := "*filter\n:FLTS-EGRESS - [0:0]\n:FLTS-INGRESS - [0:0]\nCOMMIT\n"
	if got := cluster().Rules(); got != want {
		t.Errorf("rules\n%s\nwanted\n%s", got, want)
	}
}
