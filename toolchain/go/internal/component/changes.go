package component

import "k8s.io/client-go/tools/cache"

// Changes reports that one of the informers has heard of a change. One note waits at a time: whoever takes it looks at
// everything.
func Changes(informers ...cache.SharedIndexInformer) (<-chan struct{}, error) {
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	for _, informer := range informers {
		if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { notify() },
			UpdateFunc: func(any, any) { notify() },
			DeleteFunc: func(any) { notify() },
		}); err != nil {
			return nil, err
		}
	}
	return changed, nil
}
