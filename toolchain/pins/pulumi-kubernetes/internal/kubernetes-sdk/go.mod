// What the Kubernetes plugin uses of its Go SDK, in place of the SDK: ../../go.mod replaces it. The SDK has a type of each
// kind and version, 26 MB of source that the plugin needs for the components ConfigFile, ConfigGroup and Chart alone.
module github.com/pulumi/pulumi-kubernetes/sdk/v4

go 1.26

require github.com/pulumi/pulumi/sdk/v3 v3.246.0
