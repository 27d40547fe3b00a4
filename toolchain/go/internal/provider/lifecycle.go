package provider

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// Create makes an object. A preview answers from the inputs alone and connects to nothing.
func (provider *Provider[Client]) Create(
	ctx context.Context, request plugin.CreateRequest,
) (plugin.CreateResponse, error) {
	return during(ctx, provider, request.Type, request.Timeout, func(
		ctx context.Context, description Resource[Client],
	) (plugin.CreateResponse, error) {
		if request.Preview {
			known := previewed(description.Properties, nil, request.Properties)
			return plugin.CreateResponse{Properties: known, Status: resource.StatusOK}, nil
		}
		inputs := plain(request.Properties).withDefaults(description.Properties)
		id, outputs, err := description.Create(ctx, provider.client, inputs)
		if err != nil {
			failure := fmt.Errorf("creating %s %q: %w", request.Type, request.Name, err)
			return plugin.CreateResponse{}, withObject(failure, id, description.marked(outputs), request.Properties)
		}
		return plugin.CreateResponse{
			ID: resource.ID(id), Properties: description.marked(outputs), Status: resource.StatusOK,
		}, nil
	})
}

// Update changes an object in place.
func (provider *Provider[Client]) Update(
	ctx context.Context, request plugin.UpdateRequest,
) (plugin.UpdateResponse, error) {
	return during(ctx, provider, request.Type, request.Timeout, func(
		ctx context.Context, description Resource[Client],
	) (plugin.UpdateResponse, error) {
		if request.Preview {
			known := previewed(description.Properties, request.OldOutputs, request.NewInputs)
			return plugin.UpdateResponse{Properties: known, Status: resource.StatusOK}, nil
		}
		if description.Update == nil {
			return plugin.UpdateResponse{}, fmt.Errorf("updating %s %q: it can only be replaced", request.Type, request.Name)
		}
		inputs := plain(request.NewInputs).withDefaults(description.Properties)
		outputs, err := description.Update(ctx, provider.client, string(request.ID), plain(request.OldOutputs), inputs)
		if err != nil {
			return plugin.UpdateResponse{}, fmt.Errorf("updating %s %q: %w", request.Type, request.ID, err)
		}
		return plugin.UpdateResponse{Properties: description.marked(outputs), Status: resource.StatusOK}, nil
	})
}

// Read looks at an object for a refresh, an import or a `get`. Only ErrNotFound says that it is gone.
func (provider *Provider[Client]) Read(
	ctx context.Context, request plugin.ReadRequest,
) (plugin.ReadResponse, error) {
	return during(ctx, provider, request.Type, request.Timeout, func(
		ctx context.Context, description Resource[Client],
	) (plugin.ReadResponse, error) {
		id, outputs, err := description.Read(ctx, provider.client, string(request.ID), plain(request.State))
		if errors.Is(err, ErrNotFound) {
			return plugin.ReadResponse{Status: resource.StatusOK}, nil
		}
		if err != nil {
			return plugin.ReadResponse{}, fmt.Errorf("reading %s %q: %w", request.Type, request.ID, err)
		}
		inputs := readInputs(description.Properties, plain(request.Inputs), outputs)
		if imported := len(request.State) == 0; imported && outputs.Has(description.UniqueName) {
			inputs[description.UniqueName] = outputs[description.UniqueName]
		}
		return plugin.ReadResponse{
			ReadResult: plugin.ReadResult{
				ID:      resource.ID(id),
				Inputs:  description.marked(inputs),
				Outputs: description.marked(outputs),
			},
			Status: resource.StatusOK,
		}, nil
	})
}

// Delete removes an object.
func (provider *Provider[Client]) Delete(
	ctx context.Context, request plugin.DeleteRequest,
) (plugin.DeleteResponse, error) {
	return during(ctx, provider, request.Type, request.Timeout, func(
		ctx context.Context, description Resource[Client],
	) (plugin.DeleteResponse, error) {
		if description.Delete == nil {
			return plugin.DeleteResponse{Status: resource.StatusOK}, nil
		}
		state := plain(request.Outputs).withDefaults(description.Properties)
		err := description.Delete(ctx, provider.client, string(request.ID), state)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return plugin.DeleteResponse{}, fmt.Errorf("deleting %s %q: %w", request.Type, request.ID, err)
		}
		return plugin.DeleteResponse{Status: resource.StatusOK}, nil
	})
}

// during carries out an operation on a type of resource, within the user's custom timeout in seconds.
func during[Client, Response any](
	ctx context.Context, provider *Provider[Client], token tokens.Type, seconds float64,
	work func(context.Context, Resource[Client]) (Response, error),
) (Response, error) {
	description, err := provider.resource(token)
	if err != nil {
		var none Response
		return none, err
	}
	ctx, done := provider.timeout(ctx, seconds)
	defer done()
	return work(ctx, description)
}

// timeout bounds an operation by the user's custom timeout, in seconds, and by the engine's cancellation.
func (provider *Provider[Client]) timeout(ctx context.Context, seconds float64) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(provider.cancelled, cancel)
	release := func() { stop(); cancel() }
	if seconds <= 0 {
		return ctx, release
	}
	limited, cancelLimit := context.WithTimeout(ctx, time.Duration(seconds*float64(time.Second)))
	return limited, func() { cancelLimit(); release() }
}

// previewed are the outputs as far as they are known before the server has seen the inputs.
func previewed(properties []Property, earlier, inputs resource.PropertyMap) resource.PropertyMap {
	outputs := resource.PropertyMap{}
	for _, property := range properties {
		value, given := lookup(property, inputs)
		old, had := lookup(property, earlier)
		switch {
		case given:
			outputs[property.key()] = value
		case had && !property.Volatile && (property.OutputOnly || property.Computed):
			outputs[property.key()] = old
		case property.OutputOnly || property.Computed || property.Volatile:
			outputs[property.key()] = resource.MakeComputed(resource.NewProperty(""))
		case property.Default != nil:
			outputs[property.key()] = resource.NewPropertyValue(property.Default)
		}
	}
	return outputs
}

// readInputs are the inputs that would make what was read: those the program gave, with the server's values, and
// those where the server differs from the default, so that drift shows.
func readInputs(properties []Property, given, outputs Values) Values {
	inputs := Values{}
	for _, property := range properties {
		if !property.isInput() {
			continue
		}
		actual := outputs[property.Name]
		wanted := given.Has(property.Name)
		switch {
		case wanted && (property.Unread || actual == nil):
			inputs[property.Name] = given[property.Name]
		case wanted && actual != nil && property.Same != nil && property.Same(given[property.Name], actual):
			inputs[property.Name] = given[property.Name]
		case actual == nil:
		case wanted || property.Required || property.AutoName:
			inputs[property.Name] = actual
		case !property.Computed && !property.Unread && !isDefault(property, actual):
			inputs[property.Name] = actual
		}
	}
	return inputs
}

// isDefault reports that a value is what an absent input means. Without a default that is the empty value.
func isDefault(property Property, actual any) bool {
	value := effective(property, resource.NewPropertyValue(actual), true)
	if property.Default != nil {
		return reflect.DeepEqual(value, effective(property, resource.PropertyValue{}, false))
	}
	return value == nil || value == "" || value == false || value == float64(0)
}

// marked are values as the engine takes them, with the properties that are always secret marked so.
func (description Resource[Client]) marked(values Values) resource.PropertyMap {
	properties := resource.PropertyMap{}
	for name, value := range values {
		if value == nil {
			continue
		}
		marked := resource.NewPropertyValue(value)
		if property, known := description.property(name); known && property.Secret {
			marked = resource.MakeSecret(marked)
		}
		properties[resource.PropertyKey(name)] = marked
	}
	return properties
}
