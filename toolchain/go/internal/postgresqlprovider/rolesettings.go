package postgresqlprovider

import (
	"context"
	"strconv"
	"strings"

	"flts/toolchain/internal/provider"

	"github.com/jackc/pgx/v5"
)

// The run-time settings of a role that are properties of their own.
const (
	settingSearchPath       = "search_path"
	settingStatementTimeout = "statement_timeout"
	settingIdleTimeout      = "idle_in_transaction_session_timeout"
	settingRole             = "role"
)

// configureRole sets what ALTER ROLE ... WITH does not: memberships and run-time settings.
func configureRole(ctx context.Context, transaction pgx.Tx, name string, state, inputs provider.Values) error {
	if err := configureMemberships(ctx, transaction, name, state, inputs); err != nil {
		return err
	}
	var paths []string
	for _, path := range inputs.TextList("searchPaths") {
		paths = append(paths, identifier(path))
	}
	assumed := ""
	if inputs.Text("assumeRole") != "" {
		assumed = literal(inputs.Text("assumeRole"))
	}
	for setting, wanted := range map[string]struct{ property, value string }{
		settingSearchPath:       {"searchPaths", strings.Join(paths, ", ")},
		settingStatementTimeout: {"statementTimeout", milliseconds(inputs, "statementTimeout")},
		settingIdleTimeout:      {"idleInTransactionSessionTimeout", milliseconds(inputs, "idleInTransactionSessionTimeout")},
		settingRole:             {"assumeRole", assumed},
	} {
		statement := "ALTER ROLE " + identifier(name) + " RESET " + setting
		if wanted.value != "" {
			statement = "ALTER ROLE " + identifier(name) + " SET " + setting + " TO " + wanted.value
		} else if !state.Has(wanted.property) {
			continue
		}
		if err := execute(ctx, transaction, statement); err != nil {
			return err
		}
	}
	return nil
}

func milliseconds(inputs provider.Values, name string) string {
	if inputs.Integer(name) == 0 {
		return ""
	}
	return strconv.Itoa(inputs.Integer(name))
}

func configureMemberships(ctx context.Context, transaction pgx.Tx, name string, state, inputs provider.Values) error {
	wanted := map[string]bool{}
	for _, group := range inputs.TextList("roles") {
		wanted[group] = true
	}
	actual := map[string]bool{}
	for _, group := range state.TextList("roles") {
		actual[group] = true
		if !wanted[group] {
			if err := execute(ctx, transaction, "REVOKE "+identifier(group)+" FROM "+identifier(name)); err != nil {
				return err
			}
		}
	}
	for group := range wanted {
		if !actual[group] {
			if err := execute(ctx, transaction, "GRANT "+identifier(group)+" TO "+identifier(name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// readRole asks the catalogue for a role.
func readRole(ctx context.Context, client *Client, name string, state provider.Values) (provider.Values, error) {
	outputs := provider.Values{}
	for _, kept := range []string{"encrypted", "encryptedPassword", "skipDropRole", "skipReassignOwned", "passwordWoVersion"} {
		if state.Has(kept) {
			outputs[kept] = state[kept]
		}
	}
	err := client.with(ctx, "", func(ctx context.Context, connection *pgx.Conn) error {
		var login, superuser, createDatabase, createRole, inherit, replication, bypass bool
		var limit int
		var until string
		var settings, groups []string
		err := connection.QueryRow(ctx, `SELECT rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolinherit, rolreplication,
				rolbypassrls, rolconnlimit, coalesce(rolvaliduntil::text, 'infinity'), coalesce(rolconfig, '{}'),
				ARRAY(SELECT pg_get_userbyid(roleid) FROM pg_auth_members WHERE member = pg_roles.oid ORDER BY 1)::text[]
			FROM pg_roles WHERE rolname = $1`, name).
			Scan(&login, &superuser, &createDatabase, &createRole, &inherit, &replication, &bypass, &limit, &until, &settings, &groups)
		if err != nil {
			return err
		}
		for property, value := range map[string]any{
			"name": name, "login": login, "superuser": superuser, "createDatabase": createDatabase, "createRole": createRole,
			"inherit": inherit, "replication": replication, "bypassRowLevelSecurity": bypass, "connectionLimit": limit,
			"validUntil": until, "roles": groups,
		} {
			outputs[property] = value
		}
		addRoleSettings(outputs, state, settings)
		return readPassword(ctx, client, connection, name, state, outputs)
	})
	return outputs, err
}

// addRoleSettings reads the role's run-time settings, "name=value" each. One that the state holds and the server does
// not is empty, so that its loss shows.
func addRoleSettings(outputs, state provider.Values, settings []string) {
	values := map[string]string{}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		values[name] = value
	}
	if path, set := values[settingSearchPath]; set || state.Has("searchPaths") {
		list := []string{}
		for _, part := range strings.Split(path, ", ") {
			if part != "" {
				list = append(list, strings.ReplaceAll(strings.Trim(part, `"`), `""`, `"`))
			}
		}
		outputs["searchPaths"] = list
	}
	for setting, property := range map[string]string{
		settingStatementTimeout: "statementTimeout", settingIdleTimeout: "idleInTransactionSessionTimeout",
	} {
		if value, set := values[setting]; set || state.Has(property) {
			number, _ := strconv.Atoi(value)
			outputs[property] = number
		}
	}
	if assumed, set := values[settingRole]; set || state.Has("assumeRole") {
		outputs["assumeRole"] = assumed
	}
}
