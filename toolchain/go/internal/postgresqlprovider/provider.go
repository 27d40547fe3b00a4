// Package postgresqlprovider is the Pulumi plugin "postgresql": roles, databases and grants of a PostgreSQL server. Its
// resources behave as those of @pulumi/postgresql (https://www.pulumi.com/registry/packages/postgresql/), without the
// faults of that plugin that strict.go lists.
package postgresqlprovider

import "flts/toolchain/internal/provider"

// Version is that of the npm package @pulumi/postgresql in package.json; tests/plugins holds the two together.
const Version = "3.18.1"

// The resource types of the package.
const (
	roleToken      = "postgresql:index/role:Role"
	databaseToken  = "postgresql:index/database:Database"
	grantToken     = "postgresql:index/grant:Grant"
	extensionToken = "postgresql:index/extension:Extension"
)

// Description returns the plugin.
func Description() provider.Description[*Client] {
	return provider.Description[*Client]{
		Name:       "postgresql",
		Version:    Version,
		Settings:   settings(),
		Connect:    connect,
		Resources:  []provider.Resource[*Client]{role(), database(), grant(), extension()},
		AsOfficial: asOfficial,
	}
}

// settings are the inputs of postgresql.Provider, with the environment variables of the Terraform provider behind the
// npm package (https://registry.terraform.io/providers/cyrilgdn/postgresql/latest/docs).
func settings() []provider.Property {
	return []provider.Property{
		{Name: "scheme", Default: "postgres", Check: provider.OneOf("postgres"),
			Description: "How to reach the server. This build knows `postgres` only."},
		{Name: "host", Environment: []string{"PGHOST"}, Description: "Name or address of the server."},
		{Name: "port", Kind: provider.Integer, Default: 5432, Environment: []string{"PGPORT"},
			Description: "Port of the server. Default 5432."},
		{Name: "database", Default: "postgres", Environment: []string{"PGDATABASE"},
			Description: "Database to connect to. Default `postgres`."},
		{Name: "username", Default: "postgres", Environment: []string{"PGUSER"}, Description: "Role to sign in as."},
		{Name: "password", Secret: true, Environment: []string{"PGPASSWORD"}, Description: "The role's password."},
		{Name: "databaseUsername", Description: "Role that the signed-in user acts as, for user name maps."},
		{Name: "superuser", Kind: provider.Flag, Default: true, Environment: []string{"PGSUPERUSER"},
			Description: "Whether the role to sign in as is a superuser. Default true. If not, passwords are not read."},
		{Name: "sslmode", Environment: []string{"PGSSLMODE"}, Check: sslModes,
			Description: "How to use TLS: disable, allow, prefer, require, verify-ca or verify-full. Default require."},
		{Name: "sslMode", Check: sslModes, Deprecated: "Rename PostgreSQL provider `sslMode` attribute to `sslmode`"},
		{Name: "sslrootcert", Description: "PEM file with the authorities that the server's certificate may come from."},
		{Name: "clientcert", Kind: provider.Object, Description: "Certificate to sign in with.", Fields: []provider.Property{
			{Name: "cert", Required: true, Description: "PEM file with the certificate."},
			{Name: "key", Required: true, Description: "PEM file with its private key."},
			{Name: "sslinline", Kind: provider.Flag, Description: "Whether both are PEM texts instead of paths. Default false."},
		}},
		{Name: "connectTimeout", Kind: provider.Integer, Default: 180, Environment: []string{"PGCONNECT_TIMEOUT"},
			Check: notNegative, Description: "Longest wait for a connection, in seconds; 0 waits for ever. Default 180."},
		{Name: "maxConnections", Kind: provider.Integer, Default: 20, Check: atLeastMinusOne,
			Description: "Most connections at a time; 0 is no limit. Default 20."},
		{Name: "expectedVersion", Default: "9.0.0", Description: "Version of the server. This build asks the server instead."},
		{Name: "awsRdsIamAuth", Kind: provider.Flag, Check: notSupported},
		{Name: "awsRdsIamProfile", Check: notSupported}, {Name: "awsRdsIamProviderRoleArn", Check: notSupported},
		{Name: "awsRdsIamRegion", Check: notSupported},
		{Name: "azureIdentityAuth", Kind: provider.Flag, Check: notSupported},
		{Name: "azureTenantId", Check: notSupported}, {Name: "gcpIamImpersonateServiceAccount", Check: notSupported},
	}
}

var sslModes = provider.OneOf("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

func notSupported(value any) string {
	if value == false || value == "" {
		return ""
	}
	return "is not supported by this build of the plugin: install Pulumi's own plugin to sign in with a cloud's identity"
}

func notNegative(value any) string {
	if number, ok := value.(float64); ok && number < 0 {
		return "must be at least 0"
	}
	return ""
}

func atLeastMinusOne(value any) string {
	if number, ok := value.(float64); ok && number < -1 {
		return "must be at least -1"
	}
	return ""
}
