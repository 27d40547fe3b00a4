// Package v2 registers the objects of manifests as resources.
package v2

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RegisterResource registers an object as the resource of its API version and kind. The plugin reads nothing of the result
// but its URN, so that no type of each kind is needed.
func RegisterResource(
	ctx *pulumi.Context, apiVersion, kind, name string, props pulumi.Input, opts ...pulumi.ResourceOption,
) (pulumi.CustomResource, error) {
	group := apiVersion
	if group == "v1" {
		group = "core/v1"
	}
	var resource pulumi.CustomResourceState
	err := ctx.RegisterResource(fmt.Sprintf("kubernetes:%s:%s", group, kind), name, props, &resource, opts...)
	if err != nil {
		return nil, err
	}
	return &resource, nil
}
