package provider

import (
	"math"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Kind is the type of a property's value.
type Kind int

// The types a property can have. Integer is a Number without a fraction.
const (
	Text Kind = iota
	Flag
	Integer
	TextList
	TextMap
	Object
	ObjectList
)

var kindNames = map[Kind]string{
	Text: "a string", Flag: "true or false", Integer: "a whole number", TextList: "a list of strings",
	TextMap: "a map of strings", Object: "an object", ObjectList: "a list of objects",
}

// Property describes one property of a resource, of a provider's configuration or of an object.
type Property struct {
	// Name in camel case, as in the npm package.
	Name string
	// Description for the schema.
	Description string
	// Kind of the value. Default Text.
	Kind Kind
	// Fields of a value of kind Object, or of each in an ObjectList.
	Fields []Property
	// Required inputs must be given.
	Required bool
	// OutputOnly properties are made by the provider and never given.
	OutputOnly bool
	// Computed inputs are chosen by the provider when they are not given.
	Computed bool
	// AutoName gives an input that is absent the resource's name and a random suffix, as Pulumi does for names.
	AutoName bool
	// AutoNameUnless is another input in whose presence there is no automatic name. Optional.
	AutoNameUnless string
	// Default is the value an absent input means: a string, bool or int. Nil for none.
	Default any
	// AlwaysSet outputs are never undefined in the npm package's types.
	AlwaysSet bool
	// Secret properties are encrypted in the state.
	Secret bool
	// Replace makes a change of the property replace the resource.
	Replace bool
	// Volatile outputs may change with any update; their new value is unknown in a preview.
	Volatile bool
	// Unread inputs cannot be read back from the server. A refresh keeps what the state holds.
	Unread bool
	// Environment variables that stand in for an absent setting of a provider, first one first.
	Environment []string
	// Deprecated is the npm package's deprecation message.
	Deprecated string
	// Same reports that two different values mean the same to the server. Nil compares the values.
	Same func(old, new any) bool
	// Check returns what is wrong with a known value, or "".
	Check func(value any) string
}

func (property Property) isInput() bool { return !property.OutputOnly }

func (property Property) key() resource.PropertyKey { return resource.PropertyKey(property.Name) }

// wrongKind returns what a known value should have been, or returns "" when its type is right.
func (property Property) wrongKind(value resource.PropertyValue) string {
	right := false
	switch property.Kind {
	case Text:
		right = value.IsString()
	case Flag:
		right = value.IsBool()
	case Integer:
		right = value.IsNumber() && value.NumberValue() == math.Trunc(value.NumberValue())
	case TextList:
		right = value.IsArray() && every(value.ArrayValue(), resource.PropertyValue.IsString)
	case TextMap:
		right = value.IsObject()
		for _, entry := range mapping(value) {
			right = right && (entry.IsString() || entry.IsNull() || entry.IsComputed())
		}
	case Object:
		right = value.IsObject()
	case ObjectList:
		right = value.IsArray() && every(value.ArrayValue(), resource.PropertyValue.IsObject)
	}
	if right {
		return ""
	}
	return "must be " + kindNames[property.Kind]
}

func every(values []resource.PropertyValue, test func(resource.PropertyValue) bool) bool {
	for _, value := range values {
		if !value.IsComputed() && !test(value) {
			return false
		}
	}
	return true
}

func mapping(value resource.PropertyValue) resource.PropertyMap {
	if value.IsObject() {
		return value.ObjectValue()
	}
	return nil
}

// OneOf returns a Check that accepts only the given texts.
func OneOf(allowed ...string) func(value any) string {
	return func(value any) string {
		for _, one := range allowed {
			if value == one {
				return ""
			}
		}
		return "must be one of " + quoted(allowed)
	}
}
