package nodehost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// InstallDependencies runs the project's package manager in the program's directory and streams what it prints.
func (host *Host) InstallDependencies(
	request *pulumirpc.InstallDependenciesRequest, stream pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	options, err := ParseOptions(request.GetInfo().GetOptions())
	if err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(stream, request.GetIsTerminal())
	if err != nil {
		return err
	}
	defer func() { _ = closer.Close() }()

	command := exec.CommandContext(stream.Context(), options.PackageManager, "install")
	command.Dir = request.GetInfo().GetProgramDirectory()
	command.Stdout, command.Stderr = stdout, stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("`%s install` failed in %s: %w", options.PackageManager, command.Dir, err)
	}
	return nil
}

// GetProgramDependencies lists the npm packages of the program: those of its package.json, or all that its lock file
// holds when transitive ones are asked for too.
func (host *Host) GetProgramDependencies(
	_ context.Context, request *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	directory := request.GetInfo().GetProgramDirectory()
	versions, err := directDependencies(directory)
	if err == nil && request.GetTransitiveDependencies() {
		versions, err = lockedDependencies(directory)
	}
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, name := range sortedKeys(versions) {
		response.Dependencies = append(response.Dependencies,
			&pulumirpc.DependencyInfo{Name: name, Version: versions[name]})
	}
	return response, nil
}

func directDependencies(directory string) (map[string]string, error) {
	description, err := readManifest(directory)
	if err != nil {
		return nil, fmt.Errorf("reading the program's package.json: %w", err)
	}
	versions := map[string]string{}
	for _, wanted := range []map[string]string{description.DevDependencies, description.Dependencies} {
		for name, versionRange := range wanted {
			versions[name] = versionRange
			if installed, ok := installedVersion(directory, name); ok {
				versions[name] = installed
			}
		}
	}
	return versions, nil
}

func installedVersion(directory, name string) (string, bool) {
	for _, folder := range nodeModules(directory) {
		installed, err := readManifest(filepath.Join(folder, filepath.FromSlash(name)))
		if err == nil && installed.Version != "" {
			return installed.Version, true
		}
	}
	return "", false
}

// lockedDependencies reads npm's lock file, format 2 or later
// (https://docs.npmjs.com/cli/configuring-npm/package-lock-json).
func lockedDependencies(directory string) (map[string]string, error) {
	path := filepath.Join(directory, "package-lock.json")
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing: run `npm install` to write it", path)
	}
	if err != nil {
		return nil, err
	}
	var lock struct {
		Packages map[string]struct {
			Version string `json:"version"`
		} `json:"packages"`
	}
	if err := json.NewDecoder(bytes.NewReader(content)).Decode(&lock); err != nil {
		return nil, fmt.Errorf("%s is not valid JSON: %w", path, err)
	}
	const folder = "node_modules/"
	versions := map[string]string{}
	for location, locked := range lock.Packages {
		if index := strings.LastIndex(location, folder); index >= 0 {
			versions[location[index+len(folder):]] = locked.Version
		}
	}
	return versions, nil
}
