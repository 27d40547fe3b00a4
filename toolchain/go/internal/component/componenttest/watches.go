// Package componenttest helps to test components on a fake cluster.
package componenttest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"
)

// Watches notes which resources are watched through the client, and gives a way to wait for them. What a fake cluster
// is sent between the list and the watch of an informer never reaches it, as a real API server's would.
func Watches(client *fake.Clientset) func(t *testing.T, resources ...string) {
	var mutex sync.Mutex
	var watched []string
	client.PrependWatchReactor("*", func(action k8stesting.Action) (bool, watch.Interface, error) {
		started, err := client.Tracker().Watch(action.GetResource(), action.GetNamespace())
		mutex.Lock()
		defer mutex.Unlock()
		watched = append(watched, action.GetResource().Resource)
		return true, started, err
	})
	return func(t *testing.T, resources ...string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			mutex.Lock()
			missing := slices.DeleteFunc(slices.Clone(resources), func(resource string) bool {
				return slices.Contains(watched, resource)
			})
			mutex.Unlock()
			if len(missing) == 0 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("nobody watches %v", missing)
			}
		}
	}
}
