package nodehost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// exitCodeReported is the exit code with which the SDK's runner says that the user has seen the error already
// (`nodeJSProcessExitedAfterLoggingUserActionableMessage` in @pulumi/pulumi/cmd/run).
const exitCodeReported = 32

// stopGrace is how long a program may take to end after the engine has given it up.
const stopGrace = 5 * time.Second

// Run executes the program with Node and returns when it has ended. The program talks to the engine's own resource
// monitor: a proxy in between would have to know every call of the SDK, and a missing `SignalAndWaitForShutdown`
// would end the program before the engine is done with its deletes.
func (host *Host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	if request.GetAttachDebugger() {
		return failed(errors.New("this language host cannot attach a debugger: run without --attach-debugger, or " +
			"set the runtime option nodeargs to --inspect-brk in Pulumi.yaml"))
	}
	options, err := ParseOptions(request.GetInfo().GetOptions())
	if err != nil {
		return failed(err)
	}
	runner, err := findRunner(request.GetInfo().GetProgramDirectory())
	if err != nil {
		return failed(err)
	}
	environment, err := programEnvironment(request, options)
	if err != nil {
		return failed(err)
	}

	arguments := append(append([]string{}, options.NodeArguments...), runner)
	arguments = append(arguments, host.runnerArguments(request)...)
	command := exec.CommandContext(ctx, "node", arguments...)
	// Node changes the blocking mode of the files it is given, so it gets pipes instead of this process's own.
	command.Stdout = struct{ io.Writer }{os.Stdout}
	command.Stderr = struct{ io.Writer }{os.Stderr}
	command.Env = environment
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = stopGrace
	return outcome(command.Run())
}

func outcome(err error) (*pulumirpc.RunResponse, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == exitCodeReported:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return failed(fmt.Errorf("program exited with non-zero exit code: %d", exit.ExitCode()))
	case errors.As(err, &exit):
		return failed(fmt.Errorf("program ended unexpectedly: %w", err))
	default:
		return failed(fmt.Errorf("could not run node: %w", err))
	}
}

func failed(err error) (*pulumirpc.RunResponse, error) {
	return &pulumirpc.RunResponse{Error: err.Error()}, nil
}

// findRunner returns the SDK's program runner next to the program.
func findRunner(directory string) (string, error) {
	for _, folder := range nodeModules(directory) {
		runner := filepath.Join(folder, "@pulumi", "pulumi", "cmd", "run")
		if _, err := os.Stat(filepath.Join(runner, "index.js")); err == nil {
			return runner, nil
		}
	}
	return "", fmt.Errorf("the npm package @pulumi/pulumi is not installed for the program in %s: run `npm ci` there",
		directory)
}

// runnerArguments are the flags that @pulumi/pulumi/cmd/run documents in its usage.
func (host *Host) runnerArguments(request *pulumirpc.RunRequest) []string {
	var arguments []string
	flag := func(name, value string) {
		if value != "" {
			arguments = append(arguments, "--"+name, value)
		}
	}
	flag("monitor", request.GetMonitorAddress())
	flag("engine", host.engineAddress())
	flag("organization", request.GetOrganization())
	flag("project", request.GetProject())
	flag("root-directory", request.GetInfo().GetRootDirectory())
	flag("stack", request.GetStack())
	flag("pwd", request.GetPwd())
	if request.GetDryRun() {
		arguments = append(arguments, "--dry-run")
	}
	flag("parallel", strconv.Itoa(int(request.GetParallel())))
	flag("tracing", host.tracing)

	entryPoint := request.GetInfo().GetEntryPoint()
	if entryPoint == "" {
		entryPoint = "."
	}
	return append(append(arguments, entryPoint), request.GetArgs()...)
}

// programEnvironment is this process's environment with the stack's configuration, which the SDK reads from there.
func programEnvironment(request *pulumirpc.RunRequest, options Options) ([]string, error) {
	configuration := request.GetConfig()
	if configuration == nil {
		configuration = map[string]string{}
	}
	values, err := json.Marshal(configuration)
	if err != nil {
		return nil, fmt.Errorf("writing the stack's configuration: %w", err)
	}
	secretKeys := request.GetConfigSecretKeys()
	if secretKeys == nil {
		secretKeys = []string{}
	}
	keys, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, fmt.Errorf("writing the names of the secret configuration: %w", err)
	}
	environment := append(os.Environ(),
		"PULUMI_CONFIG="+string(values),
		"PULUMI_CONFIG_SECRET_KEYS="+string(keys),
		"PULUMI_NODEJS_TYPESCRIPT="+strconv.FormatBool(options.TypeScript))
	if options.TypeScriptConfig != "" {
		environment = append(environment, "PULUMI_NODEJS_TSCONFIG_PATH="+options.TypeScriptConfig)
	}
	return environment, nil
}
