package postgresqlprovider

import (
	"context"
	"fmt"

	"flts/toolchain/internal/provider"

	"github.com/jackc/pgx/v5"
)

func role() provider.Resource[*Client] {
	flag := func(name string, value bool, description string) provider.Property {
		return provider.Property{Name: name, Kind: provider.Flag, Default: value,
			Description: fmt.Sprintf("%s Default %t.", description, value)}
	}
	unread := func(property provider.Property) provider.Property {
		property.Unread = true
		return property
	}
	return provider.Resource[*Client]{
		Token:       roleToken,
		Description: "A role: a user when it may log in, else a group.",
		Properties: []provider.Property{
			{Name: "name", AutoName: true, AlwaysSet: true, Description: "Name of the role."},
			{Name: "password", Secret: true, Description: "Password of a role that may log in."},
			{Name: "passwordWo", Secret: true, Unread: true, Description: "Password that is not kept in the state's outputs."},
			{Name: "passwordWoVersion", Unread: true, Description: "Change it to set a changed passwordWo."},
			{Name: "encrypted", Unread: true,
				Deprecated: `Rename PostgreSQL role resource attribute "encrypted" to "encryptedPassword"`},
			unread(flag("encryptedPassword", true, "Whether the password is stored encrypted.")),
			flag("login", false, "Whether the role may log in."),
			flag("superuser", false, "Whether no access check applies."),
			flag("createDatabase", false, "Whether the role may create databases."),
			flag("createRole", false, "Whether the role may create roles."),
			flag("inherit", true, "Whether the role has the privileges of its groups."),
			flag("replication", false, "Whether the role may replicate."),
			flag("bypassRowLevelSecurity", false, "Whether row-level security does not apply."),
			{Name: "connectionLimit", Kind: provider.Integer, Default: -1, Check: atLeastMinusOne,
				Description: "Most connections of the role at a time; -1 is no limit. Default -1."},
			{Name: "validUntil", Default: "infinity", Description: "Time after which the password is not valid. Default never."},
			{Name: "roles", Kind: provider.TextList, Same: sameSet, Description: "Roles that this one is a member of."},
			{Name: "searchPaths", Kind: provider.TextList, Description: "The role's search path."},
			{Name: "statementTimeout", Kind: provider.Integer, Check: notNegative,
				Description: "Milliseconds after which the role's statements are aborted; 0 is never."},
			{Name: "idleInTransactionSessionTimeout", Kind: provider.Integer, Check: notNegative,
				Description: "Milliseconds after which the role's idle transactions are ended; 0 is never."},
			{Name: "assumeRole", Description: "Role to switch to at login."},
			unread(flag("skipDropRole", false, "Whether the role stays when the resource goes.")),
			unread(flag("skipReassignOwned", false, "Whether the role's objects are left to it when the resource goes.")),
		},
		Check:  checkRole,
		Create: createRole,
		Read: func(ctx context.Context, client *Client, id string, state provider.Values) (string, provider.Values, error) {
			name := state.Text("name")
			if name == "" {
				name = id
			}
			outputs, err := readRole(ctx, client, name, state)
			return id, outputs, err
		},
		Update: updateRole,
		Delete: deleteRole,
	}
}

func checkRole(inputs provider.Values) []provider.Failure {
	if inputs.Has("password") && inputs.Has("passwordWo") {
		return []provider.Failure{{Property: "passwordWo", Reason: "password and passwordWo are both given: give one"}}
	}
	if inputs.Has("passwordWo") != inputs.Has("passwordWoVersion") {
		return []provider.Failure{{Property: "passwordWoVersion", Reason: "passwordWo and passwordWoVersion belong together: " +
			"give both or none"}}
	}
	return nil
}

// wantedPassword is the password to set, "" for none.
func wantedPassword(inputs provider.Values) string {
	if inputs.Has("passwordWo") {
		return inputs.Text("passwordWo")
	}
	return inputs.Text("password")
}

func passwordClause(password string) string {
	if password == "" {
		return " PASSWORD NULL"
	}
	return " ENCRYPTED PASSWORD " + literal(password)
}

// attributes are the role options that CREATE ROLE and ALTER ROLE share.
func attributes(inputs provider.Values) string {
	clause := " " + word("LOGIN", inputs.Flag("login")) + " " + word("CREATEDB", inputs.Flag("createDatabase")) +
		" " + word("CREATEROLE", inputs.Flag("createRole")) + " " + word("INHERIT", inputs.Flag("inherit")) +
		fmt.Sprintf(" CONNECTION LIMIT %d", inputs.Integer("connectionLimit")) +
		" VALID UNTIL " + literal(validUntil(inputs))
	// Only a superuser may name the following, even to deny them, so they are named where they matter.
	for keyword, name := range map[string]string{
		"SUPERUSER": "superuser", "REPLICATION": "replication", "BYPASSRLS": "bypassRowLevelSecurity",
	} {
		if inputs.Flag(name) || inputs.Has(name+"Changed") {
			clause += " " + word(keyword, inputs.Flag(name))
		}
	}
	return clause
}

func validUntil(inputs provider.Values) string {
	if text := inputs.Text("validUntil"); text != "" && text != "NULL" {
		return text
	}
	return "infinity"
}

func createRole(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
	name := inputs.Text("name")
	err := client.transaction(ctx, "", func(ctx context.Context, transaction pgx.Tx) error {
		create := "CREATE ROLE " + identifier(name) + " WITH" + attributes(inputs) + passwordClause(wantedPassword(inputs))
		if err := execute(ctx, transaction, create); err != nil {
			return err
		}
		return configureRole(ctx, transaction, name, nil, inputs)
	})
	if err != nil {
		return "", nil, err
	}
	outputs, err := readRole(ctx, client, name, inputs)
	return provider.Made(name, inputs, outputs, err)
}

func updateRole(
	ctx context.Context, client *Client, _ string, state, inputs provider.Values,
) (provider.Values, error) {
	name := inputs.Text("name")
	changes := provider.Values{}
	for _, flag := range []string{"superuser", "replication", "bypassRowLevelSecurity"} {
		if inputs.Flag(flag) != state.Flag(flag) {
			changes[flag+"Changed"] = true
		}
	}
	err := client.transaction(ctx, "", func(ctx context.Context, transaction pgx.Tx) error {
		renamed := state.Text("name") != "" && state.Text("name") != name
		if renamed {
			rename := "ALTER ROLE " + identifier(state.Text("name")) + " RENAME TO " + identifier(name)
			if err := execute(ctx, transaction, rename); err != nil {
				return err
			}
		}
		alter := "ALTER ROLE " + identifier(name) + " WITH" + attributes(inputs.With(changes))
		// A renamed role may lose its password, as its hash can contain the name.
		if renamed || passwordChanged(state, inputs) {
			alter += passwordClause(wantedPassword(inputs))
		}
		if err := execute(ctx, transaction, alter); err != nil {
			return err
		}
		return configureRole(ctx, transaction, name, state, inputs)
	})
	if err != nil {
		return nil, err
	}
	return readRole(ctx, client, name, inputs)
}

func passwordChanged(state, inputs provider.Values) bool {
	if inputs.Has("passwordWo") {
		return inputs.Text("passwordWoVersion") != state.Text("passwordWoVersion")
	}
	return inputs.Text("password") != state.Text("password")
}
