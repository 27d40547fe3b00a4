package provider

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// parseSettings turns the texts that npm packages and stack configuration make of numbers, booleans and objects back
// into values.
func parseSettings(settings []Property, given resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure) {
	parsed := resource.PropertyMap{}
	var failures []plugin.CheckFailure
	for _, setting := range settings {
		value, has := lookup(setting, given)
		if !has {
			continue
		}
		parsed[setting.key()] = value
		if setting.Kind == Text || !value.IsString() {
			continue
		}
		typed, reason := parseText(setting, value.StringValue())
		if reason != "" {
			delete(parsed, setting.key())
			failures = append(failures, plugin.CheckFailure{Property: setting.key(), Reason: reason})
			continue
		}
		parsed[setting.key()] = typed
	}
	return parsed, failures
}

func parseText(setting Property, text string) (resource.PropertyValue, string) {
	var decoded any
	if err := json.Unmarshal([]byte(text), &decoded); err == nil {
		value := resource.NewPropertyValue(decoded)
		if setting.wrongKind(value) == "" {
			return value, ""
		}
	}
	return resource.PropertyValue{}, fmt.Sprintf("%s is %q: it must be %s", setting.Name, text, kindNames[setting.Kind])
}

// settingsWithEnvironment fills absent settings from the environment, then with defaults. This happens at every start
// and not in the state, so that a moved environment needs no update.
func settingsWithEnvironment(settings []Property, given Values) Values {
	filled := given.With(nil)
	for _, setting := range settings {
		for _, variable := range setting.Environment {
			text := os.Getenv(variable)
			if filled.Has(setting.Name) || text == "" {
				continue
			}
			if setting.Kind == Text {
				filled[setting.Name] = text
			} else if value, reason := parseText(setting, text); reason == "" {
				filled[setting.Name] = value.Mappable()
			}
		}
	}
	return filled.withDefaults(settings)
}
