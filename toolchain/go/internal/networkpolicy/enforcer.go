package networkpolicy

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"
	"k8s.io/klog/v2"

	"flts/toolchain/internal/component"
)

const (
	// settling is how long changes are collected before the rules are written: a rollout comes as many.
	settling = 50 * time.Millisecond
	// repetition is how often the rules are written without a change, in case somebody took them away.
	repetition = 30 * time.Second
)

// Enforcer keeps the rules in the kernel what the cluster's policies say.
type Enforcer struct {
	client  kubernetes.Interface
	restore func(ctx context.Context, rules string) error

	pods       corelisters.PodLister
	namespaces corelisters.NamespaceLister
	policies   networkinglisters.NetworkPolicyLister
	enforced   atomic.Bool
}

// NewEnforcer makes an enforcer that writes rules with restore.
func NewEnforcer(client kubernetes.Interface, restore func(ctx context.Context, rules string) error) *Enforcer {
	return &Enforcer{client: client, restore: restore}
}

// RestoreWith writes rules by the iptables-restore program of that path.
func RestoreWith(program string) func(ctx context.Context, rules string) error {
	return func(ctx context.Context, rules string) error {
		command := exec.CommandContext(ctx, program, "--noflush", "--wait")
		command.Stdin = strings.NewReader(rules)
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", program, err, output)
		}
		return nil
	}
}

// ServeHTTP answers 200 while the rules are what the policies say, 503 before that and after a failure.
func (e *Enforcer) ServeHTTP(response http.ResponseWriter, _ *http.Request) {
	if !e.enforced.Load() {
		http.Error(response, "the policies are not enforced", http.StatusServiceUnavailable)
	}
}

// Run enforces policies until ctx ends.
func (e *Enforcer) Run(ctx context.Context) error {
	factory := informers.NewSharedInformerFactory(e.client, 0)
	pods, namespaces := factory.Core().V1().Pods(), factory.Core().V1().Namespaces()
	policies := factory.Networking().V1().NetworkPolicies()
	e.pods, e.namespaces, e.policies = pods.Lister(), namespaces.Lister(), policies.Lister()
	changed, err := component.Changes(pods.Informer(), namespaces.Informer(), policies.Informer())
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	factory.WaitForCacheSync(ctx.Done())

	ticker := time.NewTicker(repetition)
	defer ticker.Stop()
	written := ""
	for repeat := true; ctx.Err() == nil; {
		rules, err := e.rules()
		if err != nil {
			return err
		}
		if repeat || rules != written {
			written = rules
			e.write(ctx, rules)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
			repeat = true
		case <-changed:
			// Nothing but a success makes the next unchanged look superfluous.
			repeat = !e.enforced.Load()
			time.Sleep(settling)
		}
	}
	return nil
}

func (e *Enforcer) write(ctx context.Context, rules string) {
	if err := e.restore(ctx, rules); err != nil {
		e.enforced.Store(false)
		klog.ErrorS(err, "rules could not be written", "rules", rules)
		return
	}
	e.enforced.Store(true)
}

// rules reads the cluster as the informers know it.
func (e *Enforcer) rules() (string, error) {
	pods, err := e.pods.List(labels.Everything())
	if err != nil {
		return "", err
	}
	namespaces, err := e.namespaces.List(labels.Everything())
	if err != nil {
		return "", err
	}
	policies, err := e.policies.List(labels.Everything())
	return Cluster{Pods: pods, Namespaces: namespaces, Policies: policies}.Rules(), err
}
