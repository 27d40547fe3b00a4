package randomprovider

import (
	"context"
	"errors"
	"fmt"

	"flts/toolchain/internal/provider"

	"golang.org/x/crypto/bcrypt"
)

// passwordID is the id of every password: the value itself is secret, and ids are not.
const passwordID = "none"

// bcryptLimit is the number of bytes bcrypt looks at.
const bcryptLimit = 72

var errEmptyImport = errors.New("the id to import is empty: it must be the value itself")

// textProperties are what a password and a string have in common.
func textProperties(what string) []provider.Property {
	flag := func(name, which string) provider.Property {
		return provider.Property{
			Name: name, Kind: provider.Flag, Default: true, AlwaysSet: true, Replace: true,
			Description: "Include " + which + " characters in the result. Default value is `true`.",
		}
	}
	minimum := func(name, which string) provider.Property {
		return provider.Property{
			Name: name, Kind: provider.Integer, Default: 0, AlwaysSet: true, Replace: true, Check: notNegative,
			Description: "Minimum number of " + which + " characters in the result. Default value is `0`.",
		}
	}
	return []provider.Property{
		keepers,
		{Name: "length", Kind: provider.Integer, Required: true, Replace: true, Check: positive,
			Description: "The length of the " + what + " desired, in characters; at least 1 and at least the sum of the minimums."},
		flag("lower", "lowercase alphabet"), flag("upper", "uppercase alphabet"),
		flag("numeric", "numeric"), flag("special", "special"),
		{Name: "number", Kind: provider.Flag, Computed: true, AlwaysSet: true, Replace: true,
			Description: "Include numeric characters in the result. Default value is `true`.",
			Deprecated:  "**NOTE**: This is deprecated, use `numeric` instead."},
		minimum("minLower", "lowercase alphabet"), minimum("minUpper", "uppercase alphabet"),
		minimum("minNumeric", "numeric"), minimum("minSpecial", "special"),
		{Name: "overrideSpecial", Replace: true,
			Description: "The special characters to choose from instead of `" + specialCharacters + "`."},
	}
}

func checkText(inputs provider.Values) []provider.Failure {
	return checkCharacters(withNumeric(inputs))
}

func password() provider.Resource[none] {
	return provider.Resource[none]{
		Token:       "random:index/randomPassword:RandomPassword",
		Description: "A random password from a cryptographic generator, kept secret.",
		Properties: append(textProperties("password"),
			provider.Property{Name: "result", OutputOnly: true, AlwaysSet: true, Secret: true,
				Description: "The generated random password."},
			provider.Property{Name: "bcryptHash", OutputOnly: true, AlwaysSet: true, Secret: true,
				Description: "A bcrypt hash of the first 72 bytes of the password."}),
		Check: checkText,
		Create: func(_ context.Context, _ none, inputs provider.Values) (string, provider.Values, error) {
			inputs = withNumeric(inputs)
			result, err := generate(inputs)
			if err != nil {
				return "", nil, err
			}
			outputs, err := withHash(complete(inputs, result))
			return passwordID, outputs, err
		},
		Read: func(_ context.Context, _ none, id string, state provider.Values) (string, provider.Values, error) {
			if state.Has("result") {
				return passwordID, state, nil
			}
			outputs := imported(id)
			if outputs == nil {
				return "", nil, errEmptyImport
			}
			outputs, err := withHash(outputs)
			return passwordID, outputs, err
		},
	}
}

func withHash(outputs provider.Values) (provider.Values, error) {
	result := []byte(outputs.Text("result"))
	hash, err := bcrypt.GenerateFromPassword(result[:min(len(result), bcryptLimit)], bcrypt.DefaultCost)
	if err != nil {
		return nil, fmt.Errorf("hashing the password: %w", err)
	}
	return outputs.With(provider.Values{"bcryptHash": string(hash)}), nil
}

func text() provider.Resource[none] {
	return provider.Resource[none]{
		Token:       "random:index/randomString:RandomString",
		Description: "A random text from a cryptographic generator, for values that are not secret.",
		Properties: append(textProperties("string"), provider.Property{
			Name: "result", OutputOnly: true, AlwaysSet: true, Description: "The generated random string."}),
		Check: checkText,
		Create: func(_ context.Context, _ none, inputs provider.Values) (string, provider.Values, error) {
			inputs = withNumeric(inputs)
			result, err := generate(inputs)
			return result, complete(inputs, result), err
		},
		Read: func(_ context.Context, _ none, id string, state provider.Values) (string, provider.Values, error) {
			if state.Has("result") {
				return id, state, nil
			}
			outputs := imported(id)
			if outputs == nil {
				return "", nil, errEmptyImport
			}
			return id, outputs, nil
		},
	}
}
