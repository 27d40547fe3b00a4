// Package nodehost is a Pulumi language host for Node.js programs. It implements the engine's LanguageRuntime protocol
// (https://github.com/pulumi/pulumi/blob/master/proto/pulumi/language.proto) by starting the program runner that comes
// with the npm package @pulumi/pulumi. It exists because the official host is not published as a Go module that can be
// built for the SDK of today.
package nodehost

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Host serves the LanguageRuntime protocol. What it does not implement answers "unimplemented", which the engine knows
// how to report.
type Host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	tracing string

	mutex  sync.Mutex
	engine string
}

// New returns a host. The engine's address may be empty until the handshake brings it; tracing is the optional
// endpoint handed on to programs.
func New(engineAddress, tracing string) *Host {
	return &Host{engine: engineAddress, tracing: tracing}
}

func (host *Host) engineAddress() string {
	host.mutex.Lock()
	defer host.mutex.Unlock()
	return host.engine
}

// Handshake takes the engine's address.
func (host *Host) Handshake(
	_ context.Context, request *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	host.mutex.Lock()
	defer host.mutex.Unlock()
	host.engine = request.GetEngineAddress()
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo reports the version of the SDK this host is built from.
func (host *Host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: sdk.Version.String()}, nil
}

// GetRequiredPackages lists the plugins of the installed npm packages.
func (host *Host) GetRequiredPackages(
	_ context.Context, request *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	required, err := RequiredPackages(request.GetInfo().GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GetRequiredPackagesResponse{}
	for _, one := range required {
		dependency := &pulumirpc.PackageDependency{
			Name: one.Name, Kind: string(apitype.ResourcePlugin), Version: one.Version, Server: one.Server,
		}
		if one.Parameterization != nil {
			dependency.Parameterization = &pulumirpc.PackageParameterization{
				Name:    one.Parameterization.Name,
				Version: one.Parameterization.Version,
				Value:   one.Parameterization.Value,
			}
		}
		response.Packages = append(response.Packages, dependency)
	}
	return response, nil
}

// GetRequiredPlugins answers engines that do not know GetRequiredPackages.
func (host *Host) GetRequiredPlugins(
	_ context.Context, request *pulumirpc.GetRequiredPluginsRequest,
) (*pulumirpc.GetRequiredPluginsResponse, error) {
	required, err := RequiredPackages(request.GetInfo().GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GetRequiredPluginsResponse{}
	for _, one := range required {
		response.Plugins = append(response.Plugins, &pulumirpc.PluginDependency{
			Name: one.Name, Kind: string(apitype.ResourcePlugin), Version: one.Version, Server: one.Server,
		})
	}
	return response, nil
}

// RuntimeOptionsPrompts has nothing to ask: every option has a default.
func (host *Host) RuntimeOptionsPrompts(
	context.Context, *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

// About reports the Node.js that runs the programs.
func (host *Host) About(ctx context.Context, _ *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	executable, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("node is not on PATH: install Node.js 20 or later: %w", err)
	}
	version, err := exec.CommandContext(ctx, executable, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --version failed: %w", executable, err)
	}
	return &pulumirpc.AboutResponse{Executable: executable, Version: strings.TrimSpace(string(version))}, nil
}
