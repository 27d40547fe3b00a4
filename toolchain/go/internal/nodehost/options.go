package nodehost

import (
	"fmt"
	"sort"
	"strings"

	"github.com/google/shlex"
	"google.golang.org/protobuf/types/known/structpb"
)

// Options are the `runtime.options` of a project's Pulumi.yaml, with the names and the defaults of Pulumi's own
// Node.js host (https://www.pulumi.com/docs/iac/languages-sdks/javascript/).
type Options struct {
	// TypeScript runs the program through ts-node. Default true.
	TypeScript bool
	// TypeScriptConfig is the path of the tsconfig file for ts-node. Default: tsconfig.json of the program.
	TypeScriptConfig string
	// NodeArguments are given to `node` in front of the program. Default none.
	NodeArguments []string
	// PackageManager installs the program's dependencies: npm, yarn, pnpm or bun. Default npm.
	PackageManager string
}

// The project file's names of the options. "auto" lets the host choose the package manager.
const (
	optionTypeScript       = "typescript"
	optionTypeScriptConfig = "tsconfig"
	optionNodeArguments    = "nodeargs"
	optionPackageManager   = "packagemanager"
)

var packageManagers = map[string]string{"auto": "npm", "npm": "npm", "yarn": "yarn", "pnpm": "pnpm", "bun": "bun"}

// ParseOptions reads the options the engine passes on from the project file. Options of other versions of the host
// are ignored, as the official host does; a value of a wrong type is an error that names the option.
func ParseOptions(raw *structpb.Struct) (Options, error) {
	options := Options{TypeScript: true, PackageManager: "npm"}
	values := raw.AsMap()

	if value, set := values[optionTypeScript]; set {
		enabled, ok := value.(bool)
		if !ok {
			return options, wrongType(optionTypeScript, value, "true or false")
		}
		options.TypeScript = enabled
	}
	texts := map[string]string{}
	for _, name := range []string{optionTypeScriptConfig, optionNodeArguments, optionPackageManager} {
		if value, set := values[name]; set {
			text, ok := value.(string)
			if !ok {
				return options, wrongType(name, value, "a string")
			}
			texts[name] = text
		}
	}

	options.TypeScriptConfig = texts[optionTypeScriptConfig]
	arguments, err := shlex.Split(texts[optionNodeArguments])
	if err != nil {
		return options, fmt.Errorf("runtime option %q is not a valid command line: %w", optionNodeArguments, err)
	}
	options.NodeArguments = arguments
	if name, set := texts[optionPackageManager]; set {
		manager, known := packageManagers[name]
		if !known {
			return options, wrongType(optionPackageManager, name, "one of "+strings.Join(sortedKeys(packageManagers), ", "))
		}
		options.PackageManager = manager
	}
	return options, nil
}

func wrongType(name string, value any, expected string) error {
	return fmt.Errorf("runtime option %q in Pulumi.yaml is %v: it must be %s", name, value, expected)
}

func sortedKeys[Value any](values map[string]Value) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
