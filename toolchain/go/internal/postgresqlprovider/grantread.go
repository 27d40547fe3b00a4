package postgresqlprovider

import (
	"context"
	"fmt"

	"flts/toolchain/internal/provider"

	"github.com/jackc/pgx/v5"
)

// readGrant asks which privileges the role holds on all of the objects.
func readGrant(
	ctx context.Context, client *Client, id string, state provider.Values,
) (string, provider.Values, error) {
	target, known := grantTargets[state.Text("objectType")]
	if !known {
		return "", nil, fmt.Errorf("the grant %q cannot be imported: the server does not know its properties from its id. "+
			"Declare it, and `pulumi up` sets the same privileges again", id)
	}
	if err := exists(ctx, client, state); err != nil {
		return "", nil, err
	}
	container := state.Text("database")
	if state.Text("objectType") != "database" {
		container = state.Text("schema")
	}
	query := `WITH object (name, list) AS (` + target.query + `),
		wanted AS (SELECT * FROM object WHERE cardinality($2::text[]) = 0 OR name = ANY ($2::text[])),
		held AS (SELECT DISTINCT name, privilege_type FROM wanted, aclexplode(list)
			WHERE grantee = CASE WHEN lower($3) = 'public' THEN 0 ELSE (SELECT oid FROM pg_roles WHERE rolname = $3) END)
		SELECT coalesce(array_agg(privilege_type ORDER BY privilege_type), '{}') FROM (
			SELECT privilege_type FROM held GROUP BY privilege_type HAVING count(*) = (SELECT count(*) FROM wanted)) complete`
	var privileges []string
	objects := state.TextList("objects")
	if objects == nil {
		objects = []string{}
	}
	var count int
	err := client.with(ctx, state.Text("database"), func(ctx context.Context, connection *pgx.Conn) error {
		counting := "SELECT count(*) FROM (" + target.query + ") object"
		if err := connection.QueryRow(ctx, counting, container).Scan(&count); err != nil {
			return err
		}
		return connection.QueryRow(ctx, query, container, objects, state.Text("role")).Scan(&privileges)
	})
	if err != nil {
		return "", nil, err
	}
	wanted := state.TextList("privileges")
	switch {
	case count == 0 && target.inSchema:
		// A schema without objects of the type grants nothing and denies nothing.
		privileges = wanted
	case len(wanted) == 1 && wanted[0] == "ALL" && sameSet(privileges, target.privileges):
		privileges = wanted
	}
	return id, state.With(provider.Values{"privileges": privileges}), nil
}

// exists makes a grant whose role or database is gone count as gone too.
func exists(ctx context.Context, client *Client, state provider.Values) error {
	return client.with(ctx, "", func(ctx context.Context, connection *pgx.Conn) error {
		var found bool
		err := connection.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)
			AND (lower($2) = 'public' OR EXISTS (SELECT FROM pg_roles WHERE rolname = $2))`,
			state.Text("database"), state.Text("role")).Scan(&found)
		if err == nil && !found {
			return provider.ErrNotFound
		}
		return err
	})
}
