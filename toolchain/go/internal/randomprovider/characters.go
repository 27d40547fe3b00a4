package randomprovider

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"

	"flts/toolchain/internal/provider"
)

// The characters of each class, those of the official package.
const (
	upperCharacters   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowerCharacters   = "abcdefghijklmnopqrstuvwxyz"
	numericCharacters = "0123456789"
	specialCharacters = "!@#$%&*()-_=+[]{}<>:?"
)

// class is a group of characters, how many of them a text must hold at least, and whether it may hold more.
type class struct {
	characters string
	minimum    int
	allowed    bool
}

func classes(inputs provider.Values) []class {
	special := specialCharacters
	if inputs.Text("overrideSpecial") != "" {
		special = inputs.Text("overrideSpecial")
	}
	return []class{
		{upperCharacters, inputs.Integer("minUpper"), inputs.Flag("upper")},
		{lowerCharacters, inputs.Integer("minLower"), inputs.Flag("lower")},
		{numericCharacters, inputs.Integer("minNumeric"), inputs.Flag("numeric")},
		{special, inputs.Integer("minSpecial"), inputs.Flag("special")},
	}
}

// generate makes a text of the inputs' length: the demanded characters of each class first, the rest from all classes
// that are allowed, and then shuffles it.
func generate(inputs provider.Values) (string, error) {
	var result []rune
	all := ""
	for _, one := range classes(inputs) {
		if one.allowed {
			all += one.characters
		}
		chosen, err := choose(one.characters, one.minimum)
		if err != nil {
			return "", err
		}
		result = append(result, chosen...)
	}
	rest, err := choose(all, inputs.Integer("length")-len(result))
	if err != nil {
		return "", err
	}
	result = append(result, rest...)
	for last := len(result) - 1; last > 0; last-- {
		other, err := below(last + 1)
		if err != nil {
			return "", err
		}
		result[last], result[other] = result[other], result[last]
	}
	return string(result), nil
}

func choose(characters string, count int) ([]rune, error) {
	choices := []rune(characters)
	var chosen []rune
	for len(chosen) < count {
		index, err := below(len(choices))
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, choices[index])
	}
	return chosen, nil
}

// below returns a number in [0, limit) from the system's cryptographic generator, without bias.
func below(limit int) (int, error) {
	number, err := rand.Int(rand.Reader, big.NewInt(int64(limit)))
	if err != nil {
		return 0, fmt.Errorf("reading the system's random generator: %w", err)
	}
	return int(number.Int64()), nil
}

// checkCharacters finds wishes that no text can fulfil.
func checkCharacters(inputs provider.Values) []provider.Failure {
	minimum, allowed := 0, false
	for _, one := range classes(inputs) {
		minimum += one.minimum
		allowed = allowed || one.allowed
	}
	length := inputs.Integer("length")
	switch {
	case inputs.Flag("number") && !inputs.Flag("numeric"):
		return []provider.Failure{{Property: "number", Reason: "number is true and numeric is false: they mean the same, " +
			"give numeric only"}}
	case minimum > length:
		return []provider.Failure{{Property: "length", Reason: fmt.Sprintf(
			"length is %d: it must be at least minUpper + minLower + minNumeric + minSpecial = %d", length, minimum)}}
	case !allowed:
		return []provider.Failure{{Property: "special", Reason: "upper, lower, numeric and special are all false: " +
			"at least one must be true"}}
	}
	return nil
}

// complete are the outputs that describe how a text came about. `number` is the older name of `numeric`.
func complete(inputs provider.Values, result string) provider.Values {
	return inputs.With(provider.Values{"result": result, "number": inputs.Flag("numeric")})
}

// withNumeric lets the older name `number` stand in for `numeric`.
func withNumeric(inputs provider.Values) provider.Values {
	if inputs.Has("number") && !inputs.Flag("number") {
		return inputs.With(provider.Values{"numeric": false})
	}
	return inputs
}

// imported are the outputs of a text made elsewhere: its length, and the defaults for everything else.
func imported(result string) provider.Values {
	if strings.TrimSpace(result) == "" {
		return nil
	}
	return provider.Values{
		"result": result, "length": len([]rune(result)), "lower": true, "upper": true, "numeric": true, "number": true,
		"special": true, "minLower": 0, "minUpper": 0, "minNumeric": 0, "minSpecial": 0,
	}
}
