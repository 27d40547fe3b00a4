package nodehost

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/pkg/v3/codegen/hcl2/syntax"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// GenerateProgram writes the TypeScript of a program in Pulumi's own notation, in which `pulumi import` describes what
// it has imported.
func (host *Host) GenerateProgram(
	_ context.Context, request *pulumirpc.GenerateProgramRequest,
) (*pulumirpc.GenerateProgramResponse, error) {
	loader, err := schema.NewLoaderClient(request.GetLoaderTarget())
	if err != nil {
		return nil, fmt.Errorf("connecting to the engine's loader of schemas: %w", err)
	}
	defer func() { _ = loader.Close() }()

	parser := syntax.NewParser()
	for _, name := range sortedKeys(request.GetSource()) {
		if err := parser.ParseFile(strings.NewReader(request.GetSource()[name]), name); err != nil {
			return nil, err
		}
	}
	diagnostics := parser.Diagnostics
	options := []pcl.BindOption{pcl.Loader(schema.NewCachedLoader(loader))}
	if !request.GetStrict() {
		options = append(options, pcl.NonStrictBindOptions()...)
	}
	var files map[string][]byte
	if !diagnostics.HasErrors() {
		program, found, err := pcl.BindProgram(parser.Files, options...)
		if err != nil {
			return nil, err
		}
		diagnostics = append(diagnostics, found...)
		if program != nil && !diagnostics.HasErrors() {
			generated, found, err := nodejs.GenerateProgram(program)
			if err != nil {
				return nil, err
			}
			files, diagnostics = generated, append(diagnostics, found...)
		}
	}
	return &pulumirpc.GenerateProgramResponse{
		Source: files, Diagnostics: plugin.HclDiagnosticsToRPCDiagnostics(diagnostics),
	}, nil
}
