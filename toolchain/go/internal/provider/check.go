package provider

import (
	"context"
	"fmt"
	"sort"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Random suffix of automatic names, in hexadecimal digits, and the longest name made, as Pulumi's bridge makes them.
const (
	suffixLength    = 7
	longestAutoName = 255
)

// Check validates a resource's inputs and gives it a name when it has none.
func (provider *Provider[Client]) Check(
	_ context.Context, request plugin.CheckRequest,
) (plugin.CheckResponse, error) {
	description, err := provider.resource(request.Type)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	inputs, err := autoName(description.Properties, request)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	failures := checkProperties(description.Properties, inputs)
	if len(failures) == 0 && description.Check != nil && !inputs.ContainsUnknowns() {
		for _, failure := range description.Check(plain(inputs).withDefaults(description.Properties)) {
			failures = append(failures, plugin.CheckFailure{
				Property: resource.PropertyKey(failure.Property), Reason: failure.Reason,
			})
		}
	}
	return plugin.CheckResponse{Properties: inputs, Failures: failures}, nil
}

// autoName returns the inputs, without the engine's keys and nulls, and with a name where one is wanted. A resource
// keeps the name it got at first.
func autoName(properties []Property, request plugin.CheckRequest) (resource.PropertyMap, error) {
	inputs := resource.PropertyMap{}
	for key, value := range request.News {
		if !engineKey(key) && !value.IsNull() {
			inputs[key] = value
		}
	}
	for _, property := range properties {
		if !property.AutoName || has(inputs, property.Name) || has(inputs, property.AutoNameUnless) {
			continue
		}
		if earlier, known := request.Olds[property.key()]; known {
			inputs[property.key()] = earlier
			continue
		}
		name, err := resource.NewUniqueName(
			request.RandomSeed, request.URN.Name()+"-", suffixLength, longestAutoName, nil)
		if err != nil {
			return nil, fmt.Errorf("making a name for %s: %w", request.URN, err)
		}
		inputs[property.key()] = resource.NewProperty(name)
	}
	return inputs, nil
}

func has(inputs resource.PropertyMap, name string) bool {
	_, given := inputs[resource.PropertyKey(name)]
	return given
}

func checkProperties(properties []Property, inputs resource.PropertyMap) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	fail := func(key resource.PropertyKey, reason string) {
		failures = append(failures, plugin.CheckFailure{Property: key, Reason: reason})
	}
	known := map[resource.PropertyKey]bool{}
	for _, property := range properties {
		if !property.isInput() {
			continue
		}
		known[property.key()] = true
		value, given := inputs[property.key()]
		switch {
		case !given && property.Required:
			fail(property.key(), fmt.Sprintf("missing required property %q", property.Name))
		case !given || value.IsComputed():
		case property.wrongKind(value) != "":
			fail(property.key(), fmt.Sprintf("%s is %v: it %s", property.Name, shown(property, value), property.wrongKind(value)))
		case property.Kind == Object:
			failures = append(failures, checkProperties(property.Fields, value.ObjectValue())...)
		case property.Kind == ObjectList:
			for _, item := range value.ArrayValue() {
				if item.IsObject() {
					failures = append(failures, checkProperties(property.Fields, item.ObjectValue())...)
				}
			}
		case property.Check != nil && !value.ContainsUnknowns():
			if reason := property.Check(value.Mappable()); reason != "" {
				fail(property.key(), fmt.Sprintf("%s is %v: it %s", property.Name, shown(property, value), reason))
			}
		}
	}
	for key := range inputs {
		if !known[key] {
			fail(key, fmt.Sprintf("unknown property %q", key))
		}
	}
	sort.SliceStable(failures, func(i, j int) bool { return failures[i].Property < failures[j].Property })
	return failures
}

// shown is a value as an error may print it.
func shown(property Property, value resource.PropertyValue) any {
	if property.Secret {
		return "[secret]"
	}
	if value.IsString() {
		return fmt.Sprintf("%q", value.StringValue())
	}
	return value.Mappable()
}
