package networkpolicy

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"flts/toolchain/internal/component/componenttest"
)

func TestEnforcerFollowsTheCluster(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := fake.NewClientset(pod("a", "server", "10.0.0.1", app("server")), namespace("a", nil))
	watched := componenttest.Watches(client)
	written := make(chan string)
	fail := errors.New("no such program")
	failing := make(chan error, 1)
	enforcer := NewEnforcer(client, func(_ context.Context, rules string) error {
		written <- rules
		select {
		case err := <-failing:
			return err
		default:
			return nil
		}
	})
	status := func() int {
		recorder := httptest.NewRecorder()
		enforcer.ServeHTTP(recorder, nil)
		return recorder.Code
	}
	next := func(part string) {
		t.Helper()
		for deadline := time.After(10 * time.Second); ; {
			select {
			case rules := <-written:
				if strings.Contains(rules, part) {
					return
				}
			case <-deadline:
				t.Fatalf("no rules with %q", part)
			}
		}
	}
	if status() != 503 {
		t.Error("ready before any rule was written")
	}
	ended := make(chan error, 1)
	go func() { ended <- enforcer.Run(ctx) }()
	next("COMMIT")
	watched(t, "pods", "namespaces", "networkpolicies")
	if _, err := client.NetworkingV1().NetworkPolicies("a").Create(ctx, policy(t, "podSelector: {}"), v1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	next("-d 10.0.0.1/32 -j DROP")

	failing <- fail
	if err := client.CoreV1().Pods("a").Delete(ctx, "server", v1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	next("COMMIT")
	eventually(t, func() bool { return status() == 503 })
	// A failure is made good by the next look, though nothing changes the rules any more.
	if _, err := client.CoreV1().Namespaces().Create(ctx, namespace("b", nil), v1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	next("COMMIT")
	eventually(t, func() bool { return status() == 200 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	for range 100 {
		if condition() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("did not come about")
}
