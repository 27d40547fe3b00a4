package randomprovider

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc64"
	"math/big"
	seeded "math/rand"
	"strconv"
	"strings"

	"flts/toolchain/internal/provider"

	uuids "github.com/google/uuid"
)

func draw(count int) ([]byte, error) {
	bytes := make([]byte, count)
	if _, err := rand.Read(bytes); err != nil {
		return nil, fmt.Errorf("reading the system's random generator: %w", err)
	}
	return bytes, nil
}

func randomBytes() provider.Resource[none] {
	outputs := func(bytes []byte) provider.Values {
		return provider.Values{"length": len(bytes), "base64": base64.StdEncoding.EncodeToString(bytes),
			"hex": hex.EncodeToString(bytes)}
	}
	return provider.Resource[none]{
		Token:       "random:index/randomBytes:RandomBytes",
		Description: "Random bytes from a cryptographic generator, kept secret.",
		Properties: []provider.Property{
			keepers,
			{Name: "length", Kind: provider.Integer, Required: true, Replace: true, Check: positive,
				Description: "The number of bytes requested, at least 1."},
			{Name: "base64", OutputOnly: true, AlwaysSet: true, Secret: true, Description: "The bytes in base64."},
			{Name: "hex", OutputOnly: true, AlwaysSet: true, Secret: true, Description: "The bytes in lowercase hexadecimal."},
		},
		Create: func(_ context.Context, _ none, inputs provider.Values) (string, provider.Values, error) {
			bytes, err := draw(inputs.Integer("length"))
			return passwordID, inputs.With(outputs(bytes)), err
		},
		Read: func(_ context.Context, _ none, id string, state provider.Values) (string, provider.Values, error) {
			if state.Has("base64") {
				return passwordID, state, nil
			}
			bytes, err := base64.StdEncoding.DecodeString(id)
			if err != nil || len(bytes) == 0 {
				return "", nil, errors.New("the id to import must be the bytes in base64")
			}
			return passwordID, outputs(bytes), nil
		},
	}
}

func identifier() provider.Resource[none] {
	output := func(name, description string) provider.Property {
		return provider.Property{Name: name, OutputOnly: true, AlwaysSet: true, Description: description}
	}
	outputs := func(bytes []byte, prefix string) provider.Values {
		return provider.Values{
			"byteLength": len(bytes),
			"b64Std":     prefix + base64.StdEncoding.EncodeToString(bytes),
			"b64Url":     prefix + base64.RawURLEncoding.EncodeToString(bytes),
			"hex":        prefix + hex.EncodeToString(bytes),
			"dec":        prefix + new(big.Int).SetBytes(bytes).String(),
		}
	}
	return provider.Resource[none]{
		Token:       "random:index/randomId:RandomId",
		Description: "A random number for names, in several writings.",
		Properties: []provider.Property{
			keepers,
			{Name: "byteLength", Kind: provider.Integer, Required: true, Replace: true, Check: positive,
				Description: "The number of random bytes to produce, at least 1."},
			{Name: "prefix", Replace: true, Description: "Arbitrary string to prefix the output value with."},
			output("b64Std", "The id in base64."), output("b64Url", "The id in URL-friendly base64."),
			output("dec", "The id in decimal digits."), output("hex", "The id in padded hexadecimal digits."),
		},
		Create: func(_ context.Context, _ none, inputs provider.Values) (string, provider.Values, error) {
			bytes, err := draw(inputs.Integer("byteLength"))
			return base64.RawURLEncoding.EncodeToString(bytes), inputs.With(outputs(bytes, inputs.Text("prefix"))), err
		},
		Read: func(_ context.Context, _ none, id string, state provider.Values) (string, provider.Values, error) {
			if state.Has("hex") {
				return id, state, nil
			}
			prefix, encoded := "", id
			if separator := strings.LastIndex(id, ","); separator >= 0 {
				prefix, encoded = id[:separator], id[separator+1:]
			}
			bytes, err := base64.RawURLEncoding.DecodeString(encoded)
			if err != nil || len(bytes) == 0 {
				return "", nil, fmt.Errorf("the id to import is %q: it must be [prefix,]b64Url", id)
			}
			values := outputs(bytes, prefix)
			if prefix != "" {
				values["prefix"] = prefix
			}
			return encoded, values, nil
		},
	}
}

func integer() provider.Resource[none] {
	bound := func(name string) provider.Property {
		return provider.Property{Name: name, Kind: provider.Integer, Required: true, Replace: true,
			Description: "The inclusive " + name + "imum of the range."}
	}
	return provider.Resource[none]{
		Token:       "random:index/randomInteger:RandomInteger",
		Description: "A random integer of a range.",
		Properties: []provider.Property{
			keepers, bound("min"), bound("max"),
			{Name: "seed", Replace: true, Description: "A custom seed to always produce the same value."},
			{Name: "result", Kind: provider.Integer, OutputOnly: true, AlwaysSet: true, Description: "The random integer."},
		},
		Check: func(inputs provider.Values) []provider.Failure {
			if inputs.Integer("max") < inputs.Integer("min") {
				return []provider.Failure{{Property: "max", Reason: fmt.Sprintf("max is %d: it must be at least min, %d",
					inputs.Integer("max"), inputs.Integer("min"))}}
			}
			return nil
		},
		Create: func(_ context.Context, _ none, inputs provider.Values) (string, provider.Values, error) {
			offset, err := integerBelow(inputs.Integer("max")-inputs.Integer("min")+1, inputs.Text("seed"))
			result := inputs.Integer("min") + offset
			return strconv.Itoa(result), inputs.With(provider.Values{"result": result}), err
		},
		Read: func(_ context.Context, _ none, id string, state provider.Values) (string, provider.Values, error) {
			if state.Has("result") {
				return id, state, nil
			}
			return importInteger(id)
		},
	}
}

// integerBelow draws from the system's generator, or, with a seed, the number that the official package draws.
func integerBelow(limit int, seed string) (int, error) {
	if seed == "" {
		return below(limit)
	}
	checksum := crc64.Checksum([]byte(seed), crc64.MakeTable(crc64.ISO))
	return seeded.New(seeded.NewSource(int64(checksum))).Intn(limit), nil
}

func importInteger(id string) (string, provider.Values, error) {
	parts := strings.Split(id, ",")
	if len(parts) != 3 && len(parts) != 4 {
		return "", nil, fmt.Errorf("the id to import is %q: it must be result,min,max[,seed]", id)
	}
	values := provider.Values{}
	for index, name := range []string{"result", "min", "max"} {
		number, err := strconv.Atoi(parts[index])
		if err != nil {
			return "", nil, fmt.Errorf("the id to import is %q: its %s must be a whole number", id, name)
		}
		values[name] = number
	}
	if len(parts) == 4 {
		values["seed"] = parts[3]
	}
	return parts[0], values, nil
}

func uuid() provider.Resource[none] {
	return provider.Resource[none]{
		Token:       "random:index/randomUuid:RandomUuid",
		Description: "A random UUID, version 4.",
		Properties: []provider.Property{
			keepers, {Name: "result", OutputOnly: true, AlwaysSet: true, Description: "The UUID in string format."},
		},
		Create: func(_ context.Context, _ none, inputs provider.Values) (string, provider.Values, error) {
			drawn, err := uuids.NewRandom()
			return drawn.String(), inputs.With(provider.Values{"result": drawn.String()}), err
		},
		Read: func(_ context.Context, _ none, id string, state provider.Values) (string, provider.Values, error) {
			if state.Has("result") {
				return id, state, nil
			}
			parsed, err := uuids.Parse(id)
			if err != nil {
				return "", nil, fmt.Errorf("the id to import is %q: it must be a UUID: %w", id, err)
			}
			return parsed.String(), provider.Values{"result": parsed.String()}, nil
		},
	}
}
