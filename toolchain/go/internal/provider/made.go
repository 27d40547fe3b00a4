package provider

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
)

// unread is the failure to read back an object that was made.
type unread struct{ error }

func (failure unread) Unwrap() error { return failure.error }

// Made ends the creation of an object by what reading it back gave. Where that failed, the state gets the object with
// what is known of it: one that the state does not hold would be in the way of every later attempt.
func Made(id string, known, outputs Values, err error) (string, Values, error) {
	if err != nil {
		return id, known, unread{err}
	}
	return id, outputs, nil
}

// withObject adds to the failure of a creation the object that was made nevertheless, in the form in which the engine
// takes it into the state and has the next update complete it. Other failures stay as they are.
func withObject(failure error, id string, outputs, inputs resource.PropertyMap) error {
	if !errors.As(failure, new(unread)) {
		return failure
	}
	properties, err := plugin.MarshalProperties(outputs, plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		return errors.Join(failure, err)
	}
	given, err := plugin.MarshalProperties(inputs, plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		return errors.Join(failure, err)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, failure.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: properties, Inputs: given, Reasons: []string{failure.Error()},
	})
}
