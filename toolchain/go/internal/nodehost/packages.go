package nodehost

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// manifest is the part of a package.json that says whether an npm package is a Pulumi package.
type manifest struct {
	Name            string                   `json:"name"`
	Version         string                   `json:"version"`
	Dependencies    map[string]string        `json:"dependencies"`
	DevDependencies map[string]string        `json:"devDependencies"`
	Pulumi          *plugin.PulumiPluginJSON `json:"pulumi"`
}

// RequiredPackage is a resource plugin that an installed npm package wants.
type RequiredPackage struct {
	// Name of the plugin, for example "kubernetes".
	Name string
	// Version of the plugin, without a leading "v".
	Version string
	// Server to download the plugin from; empty for Pulumi's own.
	Server string
	// Parameterization of the plugin, or nil.
	Parameterization *plugin.PulumiParameterizationJSON
}

// RequiredPackages lists the plugins wanted by the npm packages that Node would find from the directory, in a stable
// order and each version once. Which of them the program uses is not known before it runs.
func RequiredPackages(directory string) ([]RequiredPackage, error) {
	found := map[string]RequiredPackage{}
	for _, folder := range nodeModules(directory) {
		if err := collect(folder, found); err != nil {
			return nil, fmt.Errorf("looking for Pulumi packages in %s: %w", folder, err)
		}
	}
	packages := make([]RequiredPackage, 0, len(found))
	for _, key := range sortedKeys(found) {
		packages = append(packages, found[key])
	}
	return packages, nil
}

// nodeModules returns the node_modules folders that Node's module resolution reads from the directory, nearest first.
func nodeModules(directory string) []string {
	var folders []string
	for current := filepath.Clean(directory); ; current = filepath.Dir(current) {
		folder := filepath.Join(current, "node_modules")
		if information, err := os.Stat(folder); err == nil && information.IsDir() {
			folders = append(folders, folder)
		}
		if current == filepath.Dir(current) {
			return folders
		}
	}
}

func collect(folder string, found map[string]RequiredPackage) error {
	directories, err := packageDirectories(folder)
	if err != nil {
		return err
	}
	for _, directory := range directories {
		description, err := readManifest(directory)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if required, ok := description.requiredPackage(); ok {
			found[required.Name+"@"+required.Version] = required
		}
		nested := filepath.Join(directory, "node_modules")
		if _, err := os.Stat(nested); err == nil {
			if err := collect(nested, found); err != nil {
				return err
			}
		}
	}
	return nil
}

// packageDirectories lists the packages directly in a node_modules folder, also those in a scope such as @pulumi.
func packageDirectories(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var directories []string
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		switch {
		case strings.HasPrefix(entry.Name(), "."):
			continue
		case strings.HasPrefix(entry.Name(), "@"):
			scoped, err := packageDirectories(path)
			if err != nil {
				return nil, err
			}
			directories = append(directories, scoped...)
		default:
			directories = append(directories, path)
		}
	}
	sort.Strings(directories)
	return directories, nil
}

func readManifest(directory string) (manifest, error) {
	var description manifest
	path := filepath.Join(directory, "package.json")
	content, err := os.ReadFile(path)
	if err != nil {
		return description, err
	}
	// Packages may hold broken manifests as test data; only the fields above have to be readable.
	if err := json.Unmarshal(content, &description); err != nil {
		var mismatch *json.UnmarshalTypeError
		if errors.As(err, &mismatch) {
			return manifest{}, nil
		}
		return description, fmt.Errorf("%s is not valid JSON: %w", path, err)
	}
	return description, nil
}

func (description manifest) requiredPackage() (RequiredPackage, bool) {
	if description.Pulumi == nil || !description.Pulumi.Resource {
		return RequiredPackage{}, false
	}
	name := description.Pulumi.Name
	if name == "" {
		name = strings.TrimPrefix(strings.TrimPrefix(description.Name, "@pulumi/"), "@")
	}
	version := description.Pulumi.Version
	if version == "" {
		version = description.Version
	}
	return RequiredPackage{
		Name:             name,
		Version:          strings.TrimPrefix(version, "v"),
		Server:           description.Pulumi.Server,
		Parameterization: description.Pulumi.Parameterization,
	}, true
}
