package provider

import (
	"fmt"
	"os"
	"strconv"
)

// strictVariable switches strict mode on. In it a plugin fails, forgets and overlooks as the official plugin does, so
// that a test proves what users of that plugin see. Where nothing can be downloaded, users are better off without.
const strictVariable = "FLTS_PLUGIN_STRICT"

// strictMode reads the variable: 1 or true, 0 or false; absent is false.
func strictMode() (bool, error) {
	text := os.Getenv(strictVariable)
	if text == "" {
		return false, nil
	}
	strict, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%s is %q: set it to 1 or 0", strictVariable, text)
	}
	return strict, nil
}

// official is the description with every resource as the official plugin has it.
func (description Description[Client]) official() Description[Client] {
	if description.AsOfficial == nil {
		return description
	}
	resources := make([]Resource[Client], len(description.Resources))
	for index, one := range description.Resources {
		resources[index] = description.AsOfficial(one)
	}
	description.Resources = resources
	return description
}
