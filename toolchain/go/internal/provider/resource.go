package provider

import (
	"context"
	"errors"
)

// ErrNotFound is what Read returns when the server has answered and the object does not exist. Nothing else may be
// taken for "gone": a server that cannot be reached must not empty the state.
var ErrNotFound = errors.New("not found")

// Resource describes a resource type and how to manage it with a client for its server. The functions see plain,
// known values; inputs come with their defaults.
type Resource[Client any] struct {
	// Token such as "random:index/randomPassword:RandomPassword".
	Token string
	// Description for the schema.
	Description string
	// Properties in any order.
	Properties []Property
	// Check looks at inputs that depend on each other, once all are known. Optional.
	Check func(inputs Values) []Failure
	// UniqueName is the property that identifies the object on its server. When a replacement keeps its value, the
	// old object has to go first. Optional.
	UniqueName string
	// Create makes the object and returns its id and all outputs, by Made where it reads them back.
	Create func(ctx context.Context, client Client, inputs Values) (id string, outputs Values, err error)
	// Read returns all outputs of the object, or ErrNotFound. On an import the state is empty and the id is what the
	// user gave; the id returned is the one to keep.
	Read func(ctx context.Context, client Client, id string, state Values) (newID string, outputs Values, err error)
	// Update changes the object in place and returns all outputs. Nil when every change replaces it.
	Update func(ctx context.Context, client Client, id string, state, inputs Values) (outputs Values, err error)
	// Delete removes the object. ErrNotFound counts as success, except in strict mode. Nil when there is nothing to remove.
	Delete func(ctx context.Context, client Client, id string, state Values) error
}

// Failure is one thing wrong with an input.
type Failure struct {
	// Property that is wrong.
	Property string
	// Reason says what is wrong with the value and what it must be.
	Reason string
}

func (description Resource[Client]) property(name string) (Property, bool) {
	for _, property := range description.Properties {
		if property.Name == name {
			return property, true
		}
	}
	return Property{}, false
}
