package postgresqlprovider

import (
	"context"
	"fmt"
	"strings"

	"flts/toolchain/internal/provider"

	"github.com/jackc/pgx/v5"
)

// publicRole is the name that stands for every role.
const publicRole = "public"

// grantTarget is a type of object that privileges can be granted on.
type grantTarget struct {
	// keyword of GRANT ... ON for one object, and for all objects of a schema where SQL has one.
	keyword, allKeyword string
	// inSchema reports whether objects of the type belong to a schema.
	inSchema bool
	// privileges that exist for the type.
	privileges []string
	// query yields name and access list of the objects; $1 is the schema where there is one, else the database. Objects
	// whose list was never written hold the type's default list.
	query string
}

// relations are the tables or sequences of a schema, by the letters of pg_class.relkind.
func relations(kinds, class string) string {
	return `SELECT relname, coalesce(relacl, acldefault('` + class + `', relowner)) FROM pg_class
		JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = $1 AND relkind IN (` + kinds + `)`
}

func routines(kinds string) string {
	return `SELECT proname, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
		JOIN pg_namespace ON pg_namespace.oid = pronamespace WHERE nspname = $1 AND prokind IN (` + kinds + `)`
}

// The object types this build knows (https://www.postgresql.org/docs/15/sql-grant.html).
var grantTargets = map[string]grantTarget{
	"database": {keyword: "DATABASE", privileges: []string{"CREATE", "CONNECT", "TEMPORARY"},
		query: `SELECT datname, coalesce(datacl, acldefault('d', datdba)) FROM pg_database WHERE datname = $1`},
	"schema": {keyword: "SCHEMA", privileges: []string{"CREATE", "USAGE"},
		query: `SELECT nspname, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace WHERE nspname = $1`},
	"table": {keyword: "TABLE", allKeyword: "ALL TABLES", inSchema: true, query: relations("'r', 'p', 'v', 'm', 'f'", "r"),
		privileges: []string{"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"}},
	"sequence": {keyword: "SEQUENCE", allKeyword: "ALL SEQUENCES", inSchema: true, query: relations("'S'", "s"),
		privileges: []string{"USAGE", "SELECT", "UPDATE"}},
	"function": {keyword: "FUNCTION", allKeyword: "ALL FUNCTIONS", inSchema: true, privileges: []string{"EXECUTE"},
		query: routines("'f', 'a', 'w'")},
	"procedure": {keyword: "PROCEDURE", allKeyword: "ALL PROCEDURES", inSchema: true, privileges: []string{"EXECUTE"},
		query: routines("'p'")},
	"routine": {keyword: "ROUTINE", allKeyword: "ALL ROUTINES", inSchema: true, privileges: []string{"EXECUTE"},
		query: routines("'f', 'a', 'w', 'p'")},
}

func grant() provider.Resource[*Client] {
	return provider.Resource[*Client]{
		Token:       grantToken,
		Description: "The privileges of a role on objects of one type. It sets them all: others of the role are taken away.",
		Properties: []provider.Property{
			{Name: "database", Required: true, Replace: true, Description: "Database of the objects."},
			{Name: "role", Required: true, Replace: true, Description: "Role to grant to; `public` is every role."},
			{Name: "schema", Replace: true, Description: "Schema of the objects. Needed except for a database."},
			{Name: "objectType", Required: true, Replace: true, Check: provider.OneOf(targetNames()...),
				Description: "Type of the objects."},
			{Name: "objects", Kind: provider.TextList, Replace: true, Same: sameSet,
				Description: "Names of the objects. Without any, all of the type in the schema."},
			{Name: "columns", Kind: provider.TextList, Replace: true, Same: sameSet,
				Description: "Columns to grant on. This build grants on whole objects only."},
			{Name: "privileges", Kind: provider.TextList, Required: true, Same: sameSet,
				Description: "Privileges to grant. An empty list takes all away."},
			{Name: "withGrantOption", Kind: provider.Flag, Default: false, Replace: true,
				Description: "Whether the role may grant them on. Default false."},
		},
		Check: checkGrant,
		Create: func(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
			return grantID(inputs), inputs, setPrivileges(ctx, client, inputs, inputs.TextList("privileges"))
		},
		Read: readGrant,
		Update: func(ctx context.Context, client *Client, _ string, _, inputs provider.Values) (provider.Values, error) {
			return inputs, setPrivileges(ctx, client, inputs, inputs.TextList("privileges"))
		},
		Delete: func(ctx context.Context, client *Client, _ string, state provider.Values) error {
			return setPrivileges(ctx, client, state, nil)
		},
	}
}

func targetNames() []string {
	var names []string
	for name := range grantTargets {
		names = append(names, name)
	}
	return names
}

func checkGrant(inputs provider.Values) []provider.Failure {
	kind := inputs.Text("objectType")
	target := grantTargets[kind]
	var failures []provider.Failure
	fail := func(property, reason string) {
		failures = append(failures, provider.Failure{Property: property, Reason: reason})
	}
	if kind != "database" && !inputs.Has("schema") {
		fail("schema", fmt.Sprintf("schema is missing: objectType %q needs it", kind))
	}
	if !target.inSchema && len(inputs.TextList("objects")) > 0 {
		fail("objects", fmt.Sprintf("objects are given: objectType %q takes none", kind))
	}
	if len(inputs.TextList("columns")) > 0 {
		fail("columns", "columns are given: this build of the plugin grants on whole objects only")
	}
	for _, privilege := range inputs.TextList("privileges") {
		known := privilege == "ALL"
		for _, one := range target.privileges {
			known = known || one == privilege
		}
		if !known {
			fail("privileges", fmt.Sprintf("privilege %q does not exist for objectType %q: it must be one of %s", privilege, kind,
				strings.Join(target.privileges, ", ")))
		}
	}
	return failures
}

func grantID(inputs provider.Values) string {
	parts := []string{inputs.Text("role"), inputs.Text("database")}
	if inputs.Has("schema") {
		parts = append(parts, inputs.Text("schema"))
	}
	parts = append(append(parts, inputs.Text("objectType")), sorted(inputs.TextList("objects"))...)
	return strings.Join(parts, "_")
}

func grantee(inputs provider.Values) string {
	if strings.EqualFold(inputs.Text("role"), publicRole) {
		return "PUBLIC"
	}
	return identifier(inputs.Text("role"))
}

// objectsClause names what is granted on.
func objectsClause(inputs provider.Values) string {
	target := grantTargets[inputs.Text("objectType")]
	objects := inputs.TextList("objects")
	switch {
	case inputs.Text("objectType") == "database":
		return target.keyword + " " + identifier(inputs.Text("database"))
	case !target.inSchema:
		return target.keyword + " " + identifier(inputs.Text("schema"))
	case len(objects) == 0:
		return target.allKeyword + " IN SCHEMA " + identifier(inputs.Text("schema"))
	}
	names := make([]string, len(objects))
	for index, object := range objects {
		names[index] = identifier(inputs.Text("schema"), object)
	}
	return target.keyword + " " + strings.Join(names, ", ")
}

// setPrivileges replaces the role's privileges. The lock makes grants on the same database wait for each other: they
// change the same catalogue rows, and PostgreSQL fails the later one with "tuple concurrently updated".
func setPrivileges(ctx context.Context, client *Client, inputs provider.Values, privileges []string) error {
	statements := []string{
		"SELECT pg_advisory_xact_lock(hashtext(" + literal(inputs.Text("database")) + "))",
		"REVOKE ALL PRIVILEGES ON " + objectsClause(inputs) + " FROM " + grantee(inputs),
	}
	if len(privileges) > 0 {
		grant := "GRANT " + strings.Join(privileges, ", ") + " ON " + objectsClause(inputs) + " TO " + grantee(inputs)
		if inputs.Flag("withGrantOption") {
			grant += " WITH GRANT OPTION"
		}
		statements = append(statements, grant)
	}
	return client.transaction(ctx, inputs.Text("database"), func(ctx context.Context, transaction pgx.Tx) error {
		return execute(ctx, transaction, statements...)
	})
}
