package provider

import (
	"context"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Diff compares what the resource is with what the program wants.
func (provider *Provider[Client]) Diff(
	_ context.Context, request plugin.DiffRequest,
) (plugin.DiffResult, error) {
	description, err := provider.resource(request.Type)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	ignored := map[string]bool{}
	for _, path := range request.IgnoreChanges {
		ignored[path] = true
	}
	result := plugin.DiffResult{Changes: plugin.DiffNone, DetailedDiff: map[string]plugin.PropertyDiff{}}
	replace := false
	for _, property := range description.Properties {
		if !property.isInput() || ignored[property.Name] {
			continue
		}
		kind, changed := compare(property, request.OldInputs, request.OldOutputs, request.NewInputs)
		if !changed {
			continue
		}
		if property.Replace {
			kind = kind.AsReplace()
			replace = true
		}
		result.Changes = plugin.DiffSome
		result.ChangedKeys = append(result.ChangedKeys, property.key())
		result.DetailedDiff[property.Name] = plugin.PropertyDiff{Kind: kind, InputDiff: true}
	}
	if replace && description.UniqueName != "" {
		_, renamed := result.DetailedDiff[description.UniqueName]
		result.DeleteBeforeReplace = !renamed
	}
	return result, nil
}

// compare reports whether and how the program changes a property. An input that was never given is compared with what
// the server holds, so that writing down a default or a computed value changes nothing.
func compare(property Property, oldInputs, oldOutputs, newInputs resource.PropertyMap) (plugin.DiffKind, bool) {
	before, had := lookup(property, oldInputs)
	after, has := lookup(property, newInputs)
	if !has && (!had || property.Computed || property.AutoName) {
		return 0, false
	}
	if !had {
		before, had = lookup(property, oldOutputs)
	}
	if has && after.ContainsUnknowns() {
		if had {
			return plugin.DiffUpdate, true
		}
		return plugin.DiffAdd, true
	}
	old, new := effective(property, before, had), effective(property, after, has)
	if reflect.DeepEqual(old, new) || (old != nil && new != nil && property.Same != nil && property.Same(old, new)) {
		return 0, false
	}
	switch {
	case old == nil:
		return plugin.DiffAdd, true
	case new == nil:
		return plugin.DiffDelete, true
	default:
		return plugin.DiffUpdate, true
	}
}

func lookup(property Property, properties resource.PropertyMap) (resource.PropertyValue, bool) {
	value, has := properties[property.key()]
	return value, has && !value.IsNull()
}

// effective is the plain value a property has, its default when it is absent. An empty list, map or object is no
// value: servers do not distinguish the two.
func effective(property Property, value resource.PropertyValue, has bool) any {
	if !has {
		if number, ok := property.Default.(int); ok {
			return float64(number)
		}
		return property.Default
	}
	switch plainValue := value.Mappable().(type) {
	case []any:
		if len(plainValue) == 0 {
			return nil
		}
		return plainValue
	case map[string]any:
		return withoutNulls(plainValue)
	default:
		return plainValue
	}
}

func withoutNulls(values map[string]any) any {
	kept := map[string]any{}
	for name, value := range values {
		if value != nil {
			kept[name] = value
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}
