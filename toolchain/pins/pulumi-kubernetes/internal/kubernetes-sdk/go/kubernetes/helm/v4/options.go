// Package v4 has the types of those arguments of a chart that are objects: each as it is known in the end, and with
// inputs that may be secret or not known yet. Pulumi finds their outputs by the names of the methods.
package v4

import (
	"context"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RepositoryOpts say where a chart is, and with what to sign in there.
type RepositoryOpts struct {
	CaFile   pulumi.AssetOrArchive `pulumi:"caFile"`
	CertFile pulumi.AssetOrArchive `pulumi:"certFile"`
	KeyFile  pulumi.AssetOrArchive `pulumi:"keyFile"`
	Password *string               `pulumi:"password"`
	Repo     *string               `pulumi:"repo"`
	Username *string               `pulumi:"username"`
}

// RepositoryOptsInput is RepositoryOptsArgs or RepositoryOptsOutput.
type RepositoryOptsInput interface {
	pulumi.Input

	ToRepositoryOptsOutput() RepositoryOptsOutput
	ToRepositoryOptsOutputWithContext(ctx context.Context) RepositoryOptsOutput
}

// RepositoryOptsArgs are RepositoryOpts of inputs.
type RepositoryOptsArgs struct {
	CaFile   pulumi.AssetOrArchiveInput `pulumi:"caFile"`
	CertFile pulumi.AssetOrArchiveInput `pulumi:"certFile"`
	KeyFile  pulumi.AssetOrArchiveInput `pulumi:"keyFile"`
	Password pulumi.StringPtrInput      `pulumi:"password"`
	Repo     pulumi.StringPtrInput      `pulumi:"repo"`
	Username pulumi.StringPtrInput      `pulumi:"username"`
}

// ElementType is that of the known value.
func (RepositoryOptsArgs) ElementType() reflect.Type { return reflect.TypeFor[RepositoryOpts]() }

// ToRepositoryOptsOutput awaits all inputs.
func (a RepositoryOptsArgs) ToRepositoryOptsOutput() RepositoryOptsOutput {
	return a.ToRepositoryOptsOutputWithContext(context.Background())
}

// ToRepositoryOptsOutputWithContext awaits all inputs.
func (a RepositoryOptsArgs) ToRepositoryOptsOutputWithContext(ctx context.Context) RepositoryOptsOutput {
	return pulumi.ToOutputWithContext(ctx, a).(RepositoryOptsOutput)
}

// RepositoryOptsOutput is RepositoryOpts as it becomes known.
type RepositoryOptsOutput struct{ *pulumi.OutputState }

// ElementType is that of the known value.
func (RepositoryOptsOutput) ElementType() reflect.Type { return reflect.TypeFor[RepositoryOpts]() }

// ToRepositoryOptsOutput returns the output itself.
func (o RepositoryOptsOutput) ToRepositoryOptsOutput() RepositoryOptsOutput { return o }

// ToRepositoryOptsOutputWithContext returns the output itself.
func (o RepositoryOptsOutput) ToRepositoryOptsOutputWithContext(context.Context) RepositoryOptsOutput {
	return o
}

// PostRenderer is a command that a chart's manifests pass through.
type PostRenderer struct {
	Args    []string `pulumi:"args"`
	Command string   `pulumi:"command"`
}

// PostRendererInput is PostRendererArgs or PostRendererOutput.
type PostRendererInput interface {
	pulumi.Input

	ToPostRendererOutput() PostRendererOutput
	ToPostRendererOutputWithContext(ctx context.Context) PostRendererOutput
}

// PostRendererArgs are a PostRenderer of inputs.
type PostRendererArgs struct {
	Args    pulumi.StringArrayInput `pulumi:"args"`
	Command pulumi.StringInput      `pulumi:"command"`
}

// ElementType is that of the known value.
func (PostRendererArgs) ElementType() reflect.Type { return reflect.TypeFor[PostRenderer]() }

// ToPostRendererOutput awaits all inputs.
func (a PostRendererArgs) ToPostRendererOutput() PostRendererOutput {
	return a.ToPostRendererOutputWithContext(context.Background())
}

// ToPostRendererOutputWithContext awaits all inputs.
func (a PostRendererArgs) ToPostRendererOutputWithContext(ctx context.Context) PostRendererOutput {
	return pulumi.ToOutputWithContext(ctx, a).(PostRendererOutput)
}

// PostRendererOutput is a PostRenderer as it becomes known.
type PostRendererOutput struct{ *pulumi.OutputState }

// ElementType is that of the known value.
func (PostRendererOutput) ElementType() reflect.Type { return reflect.TypeFor[PostRenderer]() }

// ToPostRendererOutput returns the output itself.
func (o PostRendererOutput) ToPostRendererOutput() PostRendererOutput { return o }

// ToPostRendererOutputWithContext returns the output itself.
func (o PostRendererOutput) ToPostRendererOutputWithContext(context.Context) PostRendererOutput {
	return o
}

func init() {
	pulumi.RegisterInputType(reflect.TypeFor[RepositoryOptsInput](), RepositoryOptsArgs{})
	pulumi.RegisterInputType(reflect.TypeFor[PostRendererInput](), PostRendererArgs{})
	pulumi.RegisterOutputType(RepositoryOptsOutput{})
	pulumi.RegisterOutputType(PostRendererOutput{})
}
