package postgresqlprovider

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"flts/toolchain/internal/provider"

	"github.com/jackc/pgx/v5"
)

// scramPrefix begins the hashes of SCRAM-SHA-256.
const scramPrefix = "SCRAM-SHA-256$"

// readPassword reports whether the server still holds the state's password. It cannot read the password itself, only
// check it against the stored hash; a hash that belongs to another password takes its place, so that the change shows.
func readPassword(
	ctx context.Context, client *Client, connection *pgx.Conn, name string, state, outputs provider.Values,
) error {
	password := state.Text("password")
	if password != "" {
		outputs["password"] = password
	}
	if !client.superuser || outputs["login"] != true {
		return nil
	}
	var superuser bool
	err := connection.QueryRow(ctx, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").Scan(&superuser)
	if err != nil {
		return err
	}
	if !superuser {
		// The official plugin's words, so that they are found where they are searched for.
		return fmt.Errorf("could not read role password from Postgres as connected user %s is not a SUPERUSER. You can set "+
			"`superuser = false` in the provider configuration so it will not try to read the password from Postgres",
			client.address.User.Username())
	}
	var stored string
	err = connection.QueryRow(ctx, "SELECT coalesce(rolpassword, '') FROM pg_authid WHERE rolname = $1", name).Scan(&stored)
	if err != nil {
		return err
	}
	if password != "" && !matches(stored, name, password) {
		outputs["password"] = stored
	}
	return nil
}

// matches reports whether a hash of pg_authid belongs to a password
// (https://www.postgresql.org/docs/15/catalog-pg-authid.html).
func matches(stored, name, password string) bool {
	if stored == password {
		return true
	}
	if digest, ok := strings.CutPrefix(stored, "md5"); ok {
		sum := md5.Sum([]byte(password + name))
		return digest == hex.EncodeToString(sum[:])
	}
	if rest, ok := strings.CutPrefix(stored, scramPrefix); ok {
		return matchesScram(rest, password)
	}
	return false
}

// matchesScram checks "<iterations>:<salt>$<stored key>:<server key>" (RFC 5802, section 3).
func matchesScram(stored, password string) bool {
	parameters, keys, _ := strings.Cut(stored, "$")
	count, encodedSalt, _ := strings.Cut(parameters, ":")
	storedKey, _, _ := strings.Cut(keys, ":")
	iterations, err := strconv.Atoi(count)
	if err != nil {
		return false
	}
	salt, err := base64.StdEncoding.DecodeString(encodedSalt)
	if err != nil {
		return false
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return false
	}
	authentication := hmac.New(sha256.New, salted)
	authentication.Write([]byte("Client Key"))
	key := sha256.Sum256(authentication.Sum(nil))
	return base64.StdEncoding.EncodeToString(key[:]) == storedKey
}

// deleteRole gives what the role owns in the provider's database to the provider's own role, takes its privileges
// away and drops it.
func deleteRole(ctx context.Context, client *Client, id string, state provider.Values) error {
	name := state.Text("name")
	if name == "" {
		name = id
	}
	return client.transaction(ctx, "", func(ctx context.Context, transaction pgx.Tx) error {
		var exists bool
		err := transaction.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name).Scan(&exists)
		if err != nil {
			return err
		}
		if !exists {
			return provider.ErrNotFound
		}
		if !state.Flag("skipReassignOwned") {
			err := withMembership(ctx, transaction, name, func() error {
				return execute(ctx, transaction, "REASSIGN OWNED BY "+identifier(name)+" TO CURRENT_USER",
					"DROP OWNED BY "+identifier(name))
			})
			if err != nil {
				return err
			}
		}
		if state.Flag("skipDropRole") {
			return nil
		}
		return execute(ctx, transaction, "DROP ROLE "+identifier(name))
	})
}
