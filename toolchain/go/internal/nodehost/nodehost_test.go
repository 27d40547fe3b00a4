package nodehost

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestRequiredPackagesAreThoseNodeWouldFind(t *testing.T) {
	root := t.TempDir()
	modules := filepath.Join(root, "node_modules")
	write(t, filepath.Join(modules, "@pulumi", "random", "package.json"),
		`{"name": "@pulumi/random", "version": "v4.21.2", "pulumi": {"resource": true}}`)
	write(t, filepath.Join(modules, "@pulumi", "pulumi", "package.json"),
		`{"name": "@pulumi/pulumi", "version": "3.246.0", "pulumi": {"comment": "no plugin"}}`)
	write(t, filepath.Join(modules, "wrapper", "package.json"), `{"name": "wrapper"}`)
	write(t, filepath.Join(modules, "wrapper", "node_modules", "@pulumi", "random", "package.json"),
		`{"name": "@pulumi/random", "version": "4.0.0", "pulumi": {"resource": true, "name": "random", "version": "4.0.0"}}`)
	write(t, filepath.Join(modules, "odd", "package.json"), `{"name": "odd", "pulumi": "not an object"}`)
	program := filepath.Join(root, "infrastructure")
	if err := os.Mkdir(program, 0o755); err != nil {
		t.Fatal(err)
	}

	packages, err := RequiredPackages(program)
	if err != nil {
		t.Fatal(err)
	}
	want := []RequiredPackage{{Name: "random", Version: "4.0.0"}, {Name: "random", Version: "4.21.2"}}
	if !reflect.DeepEqual(packages, want) {
		t.Errorf("found %v, want %v", packages, want)
	}
}

func TestMissingSDKSaysWhatToRun(t *testing.T) {
	if _, err := findRunner(t.TempDir()); err == nil {
		t.Error("a folder without @pulumi/pulumi has a runner")
	}
}

func TestOptions(t *testing.T) {
	parse := func(values map[string]any) (Options, error) {
		raw, err := structpb.NewStruct(values)
		if err != nil {
			t.Fatal(err)
		}
		return ParseOptions(raw)
	}
	options, err := parse(map[string]any{"nodeargs": `--import "./a b.js"`, "typescript": false, "packagemanager": "auto"})
	want := Options{NodeArguments: []string{"--import", "./a b.js"}, PackageManager: "npm"}
	if err != nil || !reflect.DeepEqual(options, want) {
		t.Errorf("options %+v, error %v", options, err)
	}
	if options, err = parse(nil); err != nil || !options.TypeScript {
		t.Errorf("without options: %+v, error %v", options, err)
	}
	for _, wrong := range []map[string]any{{"typescript": "yes"}, {"nodeargs": 1}, {"packagemanager": "make"}, {"nodeargs": `"`}} {
		if _, err := parse(wrong); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}
