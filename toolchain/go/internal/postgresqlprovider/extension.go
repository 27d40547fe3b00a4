package postgresqlprovider

import (
	"context"
	"fmt"
	"strings"

	"flts/toolchain/internal/provider"

	"github.com/jackc/pgx/v5"
)

// within splits the ids of things in a database, "<database>.<name>".
func within(client *Client, id string, state provider.Values) (databaseName, name string, err error) {
	databaseName, name = state.Text("database"), state.Text("name")
	if name != "" {
		if databaseName == "" {
			databaseName = client.home
		}
		return databaseName, name, nil
	}
	databaseName, name, found := strings.Cut(id, ".")
	if !found {
		return "", "", fmt.Errorf("the id to import is %q: it must be database.name", id)
	}
	return databaseName, name, nil
}

func cascade(state provider.Values) string {
	if state.Flag("dropCascade") {
		return " CASCADE"
	}
	return ""
}

func dropCascade() provider.Property {
	return provider.Property{Name: "dropCascade", Kind: provider.Flag, Default: false, Unread: true,
		Description: "Whether what depends on it goes with it. Default false."}
}

func extension() provider.Resource[*Client] {
	read := func(ctx context.Context, client *Client, id string, state provider.Values) (string, provider.Values, error) {
		databaseName, name, err := within(client, id, state)
		if err != nil {
			return "", nil, err
		}
		var schemaName, version string
		err = client.with(ctx, databaseName, func(ctx context.Context, connection *pgx.Conn) error {
			return connection.QueryRow(ctx, `SELECT nspname, extversion FROM pg_extension
				JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = $1`, name).Scan(&schemaName, &version)
		})
		return databaseName + "." + name, provider.Values{
			"name": name, "database": databaseName, "schema": schemaName, "version": version,
			"dropCascade": state.Flag("dropCascade"), "createCascade": state.Flag("createCascade"),
		}, err
	}
	return provider.Resource[*Client]{
		Token:       extensionToken,
		Description: "An extension of a database.",
		UniqueName:  "name",
		Properties: []provider.Property{
			{Name: "name", AutoName: true, AlwaysSet: true, Replace: true, Description: "Name of the extension."},
			{Name: "database", Computed: true, AlwaysSet: true, Replace: true, Description: "Database. Default: the provider's."},
			{Name: "schema", Computed: true, AlwaysSet: true, Description: "Schema of its objects."},
			{Name: "version", Computed: true, AlwaysSet: true, Description: "Version of the extension."},
			dropCascade(),
			{Name: "createCascade", Kind: provider.Flag, Default: false, Unread: true,
				Description: "Whether extensions that it needs are created too. Default false."},
		},
		Create: func(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
			create := "CREATE EXTENSION " + identifier(inputs.Text("name"))
			if inputs.Has("schema") {
				create += " SCHEMA " + identifier(inputs.Text("schema"))
			}
			if inputs.Has("version") {
				create += " VERSION " + identifier(inputs.Text("version"))
			}
			if inputs.Flag("createCascade") {
				create += " CASCADE"
			}
			err := client.with(ctx, inputs.Text("database"), func(ctx context.Context, connection *pgx.Conn) error {
				return execute(ctx, connection, create)
			})
			if err != nil {
				return "", nil, err
			}
			id, outputs, err := read(ctx, client, "", inputs)
			return provider.Made(id, inputs, outputs, err)
		},
		Read: read,
		Update: func(ctx context.Context, client *Client, id string, state, inputs provider.Values) (provider.Values, error) {
			alter := "ALTER EXTENSION " + identifier(inputs.Text("name"))
			var statements []string
			if wanted := inputs.Text("schema"); wanted != "" && wanted != state.Text("schema") {
				statements = append(statements, alter+" SET SCHEMA "+identifier(wanted))
			}
			if wanted := inputs.Text("version"); wanted != "" && wanted != state.Text("version") {
				statements = append(statements, alter+" UPDATE TO "+identifier(wanted))
			}
			err := client.with(ctx, state.Text("database"), func(ctx context.Context, connection *pgx.Conn) error {
				return execute(ctx, connection, statements...)
			})
			if err != nil {
				return nil, err
			}
			_, outputs, err := read(ctx, client, id, inputs.With(provider.Values{"database": state.Text("database")}))
			return outputs, err
		},
		Delete: func(ctx context.Context, client *Client, id string, state provider.Values) error {
			databaseName, name, err := within(client, id, state)
			if err != nil {
				return err
			}
			return client.with(ctx, databaseName, func(ctx context.Context, connection *pgx.Conn) error {
				return execute(ctx, connection, "DROP EXTENSION IF EXISTS "+identifier(name)+cascade(state))
			})
		},
	}
}
