package provider

import (
	"sort"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Values are the plain, known properties of a resource by name: string, bool, float64, []any and map[string]any.
// Absent properties are missing.
type Values map[string]any

// plain drops what only the engine needs: secret marks, nulls and keys of its own.
func plain(properties resource.PropertyMap) Values {
	values := Values{}
	for key, value := range properties {
		if engineKey(key) {
			continue
		}
		if mapped := value.Mappable(); mapped != nil {
			values[string(key)] = mapped
		}
	}
	return values
}

// engineKey recognizes the bookkeeping keys that engine and bridged providers store beside real properties.
func engineKey(key resource.PropertyKey) bool { return strings.HasPrefix(string(key), "__") }

// Has reports whether the property is present.
func (values Values) Has(name string) bool { return values[name] != nil }

// Text returns a string property, "" when absent.
func (values Values) Text(name string) string {
	text, _ := values[name].(string)
	return text
}

// Flag returns a boolean property, false when absent.
func (values Values) Flag(name string) bool {
	flag, _ := values[name].(bool)
	return flag
}

// Integer returns a whole number, 0 when absent.
func (values Values) Integer(name string) int {
	switch number := values[name].(type) {
	case float64:
		return int(number)
	case int:
		return number
	default:
		return 0
	}
}

// TextList returns a list of strings, nil when absent.
func (values Values) TextList(name string) []string {
	var texts []string
	switch list := values[name].(type) {
	case []string:
		return list
	case []any:
		for _, item := range list {
			if text, ok := item.(string); ok {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

// Object returns a nested object, nil when absent.
func (values Values) Object(name string) Values {
	object, _ := values[name].(map[string]any)
	return object
}

// Objects returns a list of nested objects, nil when absent.
func (values Values) Objects(name string) []Values {
	var objects []Values
	list, _ := values[name].([]any)
	for _, item := range list {
		if object, ok := item.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// With returns a copy in which the given properties are set.
func (values Values) With(changes Values) Values {
	copied := make(Values, len(values)+len(changes))
	for name, value := range values {
		copied[name] = value
	}
	for name, value := range changes {
		copied[name] = value
	}
	return copied
}

// withDefaults fills absent inputs with their defaults.
func (values Values) withDefaults(properties []Property) Values {
	filled := values.With(nil)
	for _, property := range properties {
		if property.isInput() && property.Default != nil && !filled.Has(property.Name) {
			filled[property.Name] = property.Default
		}
	}
	return filled
}

func quoted(texts []string) string {
	copied := append([]string{}, texts...)
	sort.Strings(copied)
	for index, text := range copied {
		copied[index] = strconv.Quote(text)
	}
	return strings.Join(copied, ", ")
}
