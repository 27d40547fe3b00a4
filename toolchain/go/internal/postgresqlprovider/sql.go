package postgresqlprovider

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// executor is what connections and transactions have in common.
type executor interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row
	Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error)
}

// literal quotes a text for SQL statements that take no parameters, such as CREATE ROLE.
func literal(text string) string {
	escaped := strings.ReplaceAll(text, "'", "''")
	if strings.Contains(escaped, `\`) {
		return " E'" + strings.ReplaceAll(escaped, `\`, `\\`) + "'"
	}
	return "'" + escaped + "'"
}

// execute runs statements one after the other and stops at the first that fails. Errors do not show the statements:
// they may hold passwords.
func execute(ctx context.Context, on executor, statements ...string) error {
	for _, statement := range statements {
		if _, err := on.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// word returns the keyword for a flag of SQL's negated pairs, such as LOGIN and NOLOGIN.
func word(keyword string, on bool) string {
	if on {
		return keyword
	}
	return "NO" + keyword
}

func sameSet(old, new any) bool {
	return fmt.Sprint(sorted(old)) == fmt.Sprint(sorted(new))
}

func sorted(value any) []string {
	var texts []string
	switch list := value.(type) {
	case []any:
		for _, item := range list {
			texts = append(texts, fmt.Sprint(item))
		}
	case []string:
		texts = append(texts, list...)
	}
	sort.Strings(texts)
	return texts
}

// needsMembership asks whether the present role lacks what members of another one may do. Since PostgreSQL 16 who makes a
// role is a member that may admit others, itself too, and has neither its privileges nor its objects
// (https://www.postgresql.org/docs/16/release-16.html, CREATEROLE).
const needsMembership = `SELECT NOT CASE WHEN current_setting('server_version_num')::integer < 160000
	THEN pg_has_role(current_user, oid, 'MEMBER')
	ELSE pg_has_role(current_user, oid, 'USAGE') AND pg_has_role(current_user, oid, 'SET') END
	FROM pg_roles WHERE rolname = $1`

// withMembership runs work that PostgreSQL allows only to members of a role, such as giving an object to it. A
// superuser needs no membership; others are members for as long as the work takes.
func withMembership(ctx context.Context, on executor, role string, work func() error) error {
	var needed bool
	err := on.QueryRow(ctx, needsMembership, role).Scan(&needed)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("role %q does not exist", role)
	}
	if err != nil {
		return err
	}
	if !needed {
		return work()
	}
	if err := execute(ctx, on, "GRANT "+identifier(role)+" TO CURRENT_USER"); err != nil {
		return err
	}
	failure := work()
	revoked := execute(ctx, on, "REVOKE "+identifier(role)+" FROM CURRENT_USER")
	if failure != nil {
		return failure // In a transaction the membership goes with it, and the statement above fails.
	}
	return revoked
}
