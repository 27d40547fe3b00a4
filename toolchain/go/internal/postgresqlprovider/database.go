package postgresqlprovider

import (
	"context"
	"fmt"

	"flts/toolchain/internal/provider"

	"github.com/jackc/pgx/v5"
)

// serverChoice is the word that leaves a database property to the server.
const serverChoice = "DEFAULT"

// What a database gets when the program does not say, as the official package chooses.
const (
	defaultTemplate = "template0"
	defaultEncoding = "UTF8"
	defaultLocale   = "C"
)

func database() provider.Resource[*Client] {
	chosen := func(_, new any) bool { return new == serverChoice }
	return provider.Resource[*Client]{
		Token:       databaseToken,
		Description: "A database.",
		UniqueName:  "name",
		Properties: []provider.Property{
			{Name: "name", AutoName: true, AlwaysSet: true, Description: "Name of the database."},
			{Name: "owner", Computed: true, AlwaysSet: true, Same: chosen,
				Description: "Role that owns the database. Without it, the provider's own."},
			{Name: "template", Computed: true, AlwaysSet: true, Replace: true, Same: chosen,
				Description: "Database to copy. Default `" + defaultTemplate + "`."},
			{Name: "encoding", Computed: true, AlwaysSet: true, Replace: true, Same: chosen,
				Description: "Character set. Default `" + defaultEncoding + "`."},
			{Name: "lcCollate", Computed: true, AlwaysSet: true, Replace: true, Same: chosen,
				Description: "Collation order. Default `" + defaultLocale + "`."},
			{Name: "lcCtype", Computed: true, AlwaysSet: true, Replace: true, Same: chosen,
				Description: "Character classification. Default `" + defaultLocale + "`."},
			{Name: "tablespaceName", Computed: true, AlwaysSet: true, Same: chosen, Description: "Default tablespace."},
			{Name: "connectionLimit", Kind: provider.Integer, Default: -1, Check: atLeastMinusOne,
				Description: "Most connections to the database at a time; -1 is no limit. Default -1."},
			{Name: "allowConnections", Kind: provider.Flag, Default: true,
				Description: "Whether anyone may connect. Default true."},
			{Name: "isTemplate", Kind: provider.Flag, Computed: true, AlwaysSet: true,
				Description: "Whether every role that may create databases may copy this one."},
			{Name: "alterObjectOwnership", Kind: provider.Flag, Default: false, Unread: true,
				Description: "Whether a new owner also gets the old owner's objects in the database. Default false."},
		},
		Create: createDatabase,
		Read: func(ctx context.Context, client *Client, id string, state provider.Values) (string, provider.Values, error) {
			outputs, err := readDatabase(ctx, client, nameOr(state, id), state)
			return id, outputs, err
		},
		Update: updateDatabase,
		Delete: deleteDatabase,
	}
}

func nameOr(state provider.Values, id string) string {
	if name := state.Text("name"); name != "" {
		return name
	}
	return id
}

func createDatabase(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
	name := inputs.Text("name")
	create := "CREATE DATABASE " + identifier(name)
	for _, option := range []struct {
		keyword, property, fallback string
		write                       func(string) string
	}{
		{"OWNER", "owner", "", func(text string) string { return identifier(text) }},
		{"TEMPLATE", "template", defaultTemplate, func(text string) string { return identifier(text) }},
		{"ENCODING", "encoding", defaultEncoding, literal},
		{"LC_COLLATE", "lcCollate", defaultLocale, literal},
		{"LC_CTYPE", "lcCtype", defaultLocale, literal},
		{"TABLESPACE", "tablespaceName", "", func(text string) string { return identifier(text) }},
	} {
		value := inputs.Text(option.property)
		if value == "" {
			value = option.fallback
		}
		if value != "" && value != serverChoice {
			create += " " + option.keyword + " " + option.write(value)
		}
	}
	create += fmt.Sprintf(" CONNECTION LIMIT %d ALLOW_CONNECTIONS %t IS_TEMPLATE %t",
		inputs.Integer("connectionLimit"), inputs.Flag("allowConnections"), inputs.Flag("isTemplate"))

	err := client.with(ctx, "", func(ctx context.Context, connection *pgx.Conn) error {
		return asOwner(ctx, connection, inputs.Text("owner"), func() error { return execute(ctx, connection, create) })
	})
	if err != nil {
		return "", nil, err
	}
	outputs, err := readDatabase(ctx, client, name, inputs)
	return provider.Made(name, inputs, outputs, err)
}

// asOwner runs work as a member of the owner, if the program names one.
func asOwner(ctx context.Context, on executor, owner string, work func() error) error {
	if owner == "" || owner == serverChoice {
		return work()
	}
	return withMembership(ctx, on, owner, work)
}

func readDatabase(ctx context.Context, client *Client, name string, state provider.Values) (provider.Values, error) {
	outputs := provider.Values{
		"name": name, "template": defaultTemplate, "alterObjectOwnership": state.Flag("alterObjectOwnership"),
	}
	if state.Has("template") {
		outputs["template"] = state.Text("template")
	}
	err := client.with(ctx, "", func(ctx context.Context, connection *pgx.Conn) error {
		var owner, encoding, collate, ctype, tablespace string
		var limit int
		var allow, template bool
		err := connection.QueryRow(ctx, `SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype,
				spcname, datconnlimit, datallowconn, datistemplate
			FROM pg_database JOIN pg_tablespace ON pg_tablespace.oid = dattablespace WHERE datname = $1`, name).
			Scan(&owner, &encoding, &collate, &ctype, &tablespace, &limit, &allow, &template)
		for property, value := range map[string]any{
			"owner": owner, "encoding": encoding, "lcCollate": collate, "lcCtype": ctype, "tablespaceName": tablespace,
			"connectionLimit": limit, "allowConnections": allow, "isTemplate": template,
		} {
			outputs[property] = value
		}
		return err
	})
	return outputs, err
}

func updateDatabase(
	ctx context.Context, client *Client, id string, state, inputs provider.Values,
) (provider.Values, error) {
	name, old := inputs.Text("name"), nameOr(state, id)
	owner := inputs.Text("owner")
	ownerChanges := owner != "" && owner != serverChoice && owner != state.Text("owner")
	var statements []string
	alter := func(change string) { statements = append(statements, "ALTER DATABASE "+identifier(name)+" "+change) }
	if name != old {
		statements = append(statements, "ALTER DATABASE "+identifier(old)+" RENAME TO "+identifier(name))
	}
	if space := inputs.Text("tablespaceName"); space != "" && space != serverChoice && space != state.Text("tablespaceName") {
		alter("SET TABLESPACE " + identifier(space))
	}
	alter(fmt.Sprintf("CONNECTION LIMIT %d", inputs.Integer("connectionLimit")))
	alter(fmt.Sprintf("ALLOW_CONNECTIONS %t", inputs.Flag("allowConnections")))
	if inputs.Has("isTemplate") {
		alter(fmt.Sprintf("IS_TEMPLATE %t", inputs.Flag("isTemplate")))
	}
	if ownerChanges {
		alter("OWNER TO " + identifier(owner))
	}
	err := client.with(ctx, "", func(ctx context.Context, connection *pgx.Conn) error {
		return asOwner(ctx, connection, owner, func() error { return execute(ctx, connection, statements...) })
	})
	if err == nil && ownerChanges && inputs.Flag("alterObjectOwnership") {
		err = client.with(ctx, name, func(ctx context.Context, connection *pgx.Conn) error {
			return asOwner(ctx, connection, owner, func() error {
				return execute(ctx, connection, "REASSIGN OWNED BY "+identifier(state.Text("owner"))+" TO "+identifier(owner))
			})
		})
	}
	if err != nil {
		return nil, err
	}
	return readDatabase(ctx, client, name, inputs)
}

// deleteDatabase drops the database and ends the sessions that are in it.
func deleteDatabase(ctx context.Context, client *Client, id string, state provider.Values) error {
	name := identifier(nameOr(state, id))
	return client.with(ctx, "", func(ctx context.Context, connection *pgx.Conn) error {
		var template bool
		err := connection.QueryRow(ctx, "SELECT datistemplate FROM pg_database WHERE datname = $1", nameOr(state, id)).Scan(&template)
		if err != nil {
			return err
		}
		return asOwner(ctx, connection, state.Text("owner"), func() error {
			if template {
				if err := execute(ctx, connection, "ALTER DATABASE "+name+" IS_TEMPLATE false"); err != nil {
					return err
				}
			}
			return execute(ctx, connection, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		})
	})
}
