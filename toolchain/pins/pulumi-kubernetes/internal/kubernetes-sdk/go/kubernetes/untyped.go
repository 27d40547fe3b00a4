// Package kubernetes has the type of the arguments that the plugin registers a manifest's objects with.
package kubernetes

import "reflect"

// UntypedArgs are an object's fields, by name.
type UntypedArgs map[string]any

// ElementType makes the fields the inputs of a resource.
func (UntypedArgs) ElementType() reflect.Type { return reflect.TypeFor[map[string]any]() }
