package loadbalancer

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"flts/toolchain/internal/component/componenttest"
)

const address = "10.254.0.1"

// service makes one that is older the smaller its age is.
func service(name string, kind corev1.ServiceType, age int, ports ...int32) *corev1.Service {
	made := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:         "flts",
			Name:              name,
			CreationTimestamp: metav1.NewTime(time.Unix(int64(age), 0)),
		},
		Spec: corev1.ServiceSpec{Type: kind},
	}
	for _, number := range ports {
		made.Spec.Ports = append(made.Spec.Ports, corev1.ServicePort{Protocol: corev1.ProtocolTCP, Port: number})
	}
	return made
}

// started runs a controller until the test ends, and gives a way to ask for a Service's addresses.
func started(t *testing.T, services ...*corev1.Service) (*fake.Clientset, func(name string) []corev1.LoadBalancerIngress) {
	t.Helper()
	client := fake.NewClientset()
	watched := componenttest.Watches(client)
	for _, one := range services {
		if _, err := client.CoreV1().Services("flts").Create(t.Context(), one, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	controller := NewController(client, netip.MustParseAddr(address))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- controller.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	watched(t, "services")
	eventually(t, "the controller settles", func() bool {
		answer := httptest.NewRecorder()
		controller.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
		return answer.Code == http.StatusOK
	})
	return client, func(name string) []corev1.LoadBalancerIngress {
		found, err := client.CoreV1().Services("flts").Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return found.Status.LoadBalancer.Ingress
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within ten seconds", what)
		}
	}
}

func TestGivesTheAddressToThoseThatWait(t *testing.T) {
	_, addressesOf := started(t,
		service("inference-lb", corev1.ServiceTypeLoadBalancer, 1, 80),
		service("mlflow", corev1.ServiceTypeClusterIP, 1, 5000),
	)
	if found := addressesOf("inference-lb"); len(found) != 1 || found[0].IP != address {
		t.Errorf("inference-lb has %v", found)
	}
	if found := addressesOf("mlflow"); len(found) != 0 {
		t.Errorf("mlflow, which asked for none, has %v", found)
	}
}

func TestGivesAPortToTheOldestAlone(t *testing.T) {
	_, addressesOf := started(t,
		service("second", corev1.ServiceTypeLoadBalancer, 2, 443, 80),
		service("first", corev1.ServiceTypeLoadBalancer, 1, 80),
		service("third", corev1.ServiceTypeLoadBalancer, 3, 443),
	)
	if len(addressesOf("first")) != 1 || len(addressesOf("third")) != 1 {
		t.Errorf("first has %v, third has %v", addressesOf("first"), addressesOf("third"))
	}
	if found := addressesOf("second"); len(found) != 0 {
		t.Errorf("second, whose port 80 is taken, has %v", found)
	}
}

func TestLeavesOtherLoadBalancersAlone(t *testing.T) {
	other := service("other", corev1.ServiceTypeLoadBalancer, 1, 80)
	class := "example.com/other"
	other.Spec.LoadBalancerClass = &class
	_, addressesOf := started(t, other, service("ours", corev1.ServiceTypeLoadBalancer, 2, 80))
	if found := addressesOf("other"); len(found) != 0 {
		t.Errorf("other has %v", found)
	}
	if len(addressesOf("ours")) != 1 {
		t.Error("ours has no address")
	}
}

func TestTakesTheAddressFromWhatNeedsNoneAnyMore(t *testing.T) {
	client, addressesOf := started(t, service("inference-lb", corev1.ServiceTypeLoadBalancer, 1, 80))
	changed, err := client.CoreV1().Services("flts").Get(t.Context(), "inference-lb", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	changed.Spec.Type = corev1.ServiceTypeClusterIP
	if _, err := client.CoreV1().Services("flts").Update(t.Context(), changed, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the address goes", func() bool { return len(addressesOf("inference-lb")) == 0 })
}
