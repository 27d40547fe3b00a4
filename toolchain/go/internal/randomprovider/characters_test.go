package randomprovider

import (
	"strings"
	"testing"

	"flts/toolchain/internal/provider"
)

func TestTextsHoldTheDemandedCharacters(t *testing.T) {
	inputs := provider.Values{"length": 12, "upper": true, "lower": false, "numeric": false, "special": true,
		"minUpper": 2, "minNumeric": 3, "minSpecial": 4, "overrideSpecial": "€"}
	seen := map[string]bool{}
	for range 200 {
		text, err := generate(inputs)
		if err != nil {
			t.Fatal(err)
		}
		seen[text] = true
		count := func(characters string) (total int) {
			for _, one := range text {
				if strings.ContainsRune(characters, one) {
					total++
				}
			}
			return total
		}
		if len([]rune(text)) != 12 || count(upperCharacters) < 2 || count(numericCharacters) != 3 || count("€") < 4 ||
			count(lowerCharacters) != 0 {
			t.Fatalf("text %q does not fit", text)
		}
	}
	if len(seen) < 199 {
		t.Errorf("only %d of 200 texts differ", len(seen))
	}
}

func TestImpossibleWishesAreFound(t *testing.T) {
	none := provider.Values{"length": 4, "upper": false, "lower": false, "numeric": false, "special": false}
	for name, inputs := range map[string]provider.Values{
		"no class":       none,
		"minimum":        none.With(provider.Values{"lower": true, "minLower": 5}),
		"number differs": none.With(provider.Values{"lower": true, "number": true}),
	} {
		if len(checkCharacters(inputs)) != 1 {
			t.Errorf("%s: %v", name, checkCharacters(inputs))
		}
	}
}
