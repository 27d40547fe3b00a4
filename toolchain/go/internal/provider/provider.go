// Package provider is a small framework for Pulumi resource plugins: resources are described as data and four
// functions, and the framework answers the engine's protocol for them (check, diff, preview, import, refresh, schema).
// It serves plugins whose official builds are not published as Go modules; pulumi-go-provider, which would do this
// work, is not either.
package provider

import (
	"context"
	"fmt"
	"sort"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// Provider is a resource plugin whose resources share a client.
type Provider[Client any] struct {
	plugin.UnimplementedProvider

	name      string
	version   semver.Version
	settings  []Property
	connect   func(settings Values) (Client, error)
	resources map[tokens.Type]Resource[Client]

	client    Client
	cancelled context.Context
	cancel    context.CancelFunc
}

// Description is what makes up a plugin.
type Description[Client any] struct {
	// Name of the package, such as "random".
	Name string
	// Version of the npm package that the plugin stands in for, so that the engine matches the two.
	Version string
	// Settings are the inputs of the package's Provider resource.
	Settings []Property
	// Connect makes the client from the settings. It must not reach for the server: previews have none.
	Connect func(settings Values) (Client, error)
	// Resources of the package.
	Resources []Resource[Client]
	// AsOfficial returns a resource with the faults of the official plugin's, for strict mode. Optional.
	AsOfficial func(Resource[Client]) Resource[Client]
}

// New returns the plugin of a description.
func New[Client any](description Description[Client]) *Provider[Client] {
	cancelled, cancel := context.WithCancel(context.Background())
	resources := map[tokens.Type]Resource[Client]{}
	for _, one := range description.Resources {
		resources[tokens.Type(one.Token)] = one
	}
	return &Provider[Client]{
		name: description.Name, version: semver.MustParse(description.Version), settings: description.Settings,
		connect: description.Connect, resources: resources, cancelled: cancelled, cancel: cancel,
	}
}

func (provider *Provider[Client]) resource(token tokens.Type) (Resource[Client], error) {
	description, known := provider.resources[token]
	if !known {
		return description, fmt.Errorf("this build of the %s plugin has no resource %q: it has %s. Install Pulumi's own "+
			"plugin for the others (`pulumi plugin install resource %s %s`)",
			provider.name, token, quoted(provider.tokens()), provider.name, provider.version)
	}
	return description, nil
}

func (provider *Provider[Client]) tokens() []string {
	names := make([]string, 0, len(provider.resources))
	for token := range provider.resources {
		names = append(names, string(token))
	}
	sort.Strings(names)
	return names
}

// Handshake leaves the keeping of secrets to the engine: it sends plain values and marks what comes back under the
// same names. Values that are born secret are marked here.
func (provider *Provider[Client]) Handshake(
	context.Context, plugin.ProviderHandshakeRequest,
) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{}, nil
}

// GetPluginInfo reports the version.
func (provider *Provider[Client]) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &provider.version}, nil
}

// CheckConfig validates the settings. They stay as they are in the state: the npm packages write them as JSON texts.
func (provider *Provider[Client]) CheckConfig(
	_ context.Context, request plugin.CheckConfigRequest,
) (plugin.CheckConfigResponse, error) {
	parsed, failures := parseSettings(provider.settings, request.News)
	failures = append(failures, checkProperties(provider.settings, parsed)...)
	return plugin.CheckConfigResponse{Properties: request.News, Failures: failures}, nil
}

// DiffConfig reports changed settings. None of them replaces the provider, and with it all its resources: a server
// that has moved still holds the same objects.
func (provider *Provider[Client]) DiffConfig(
	_ context.Context, request plugin.DiffConfigRequest,
) (plugin.DiffResult, error) {
	result := plugin.DiffResult{Changes: plugin.DiffNone}
	if difference := request.OldInputs.Diff(request.NewInputs); difference != nil {
		result.Changes = plugin.DiffSome
		result.DetailedDiff = plugin.NewDetailedDiffFromObjectDiff(difference, true)
		result.ChangedKeys = difference.ChangedKeys()
	}
	return result, nil
}

// Configure makes the client.
func (provider *Provider[Client]) Configure(
	_ context.Context, request plugin.ConfigureRequest,
) (plugin.ConfigureResponse, error) {
	parsed, failures := parseSettings(provider.settings, request.Inputs)
	for _, failure := range failures {
		return plugin.ConfigureResponse{}, fmt.Errorf("setting %s:%s: %s", provider.name, failure.Property, failure.Reason)
	}
	client, err := provider.connect(settingsWithEnvironment(provider.settings, plain(parsed)))
	if err != nil {
		return plugin.ConfigureResponse{}, fmt.Errorf("configuring the %s provider: %w", provider.name, err)
	}
	provider.client = client
	return plugin.ConfigureResponse{}, nil
}

// Invoke answers functions of the package, of which there are none.
func (provider *Provider[Client]) Invoke(
	_ context.Context, request plugin.InvokeRequest,
) (plugin.InvokeResponse, error) {
	return plugin.InvokeResponse{}, fmt.Errorf("this build of the %s plugin has no function %q: install Pulumi's own plugin "+
		"(`pulumi plugin install resource %s %s`)", provider.name, request.Tok, provider.name, provider.version)
}

// SignalCancellation ends the operations under way.
func (provider *Provider[Client]) SignalCancellation(context.Context) error {
	provider.cancel()
	return nil
}

// Close has nothing to free that the end of the process does not.
func (provider *Provider[Client]) Close() error { return nil }

var _ plugin.Provider = (*Provider[resource.ID])(nil)
