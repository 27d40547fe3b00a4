package postgresqlprovider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"flts/toolchain/internal/provider"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// codeNoDatabase is the server's answer to a sign-in to a database that does not exist
// (https://www.postgresql.org/docs/15/errcodes-appendix.html).
const codeNoDatabase = "3D000"

// Client connects to one server. It keeps no connection between operations: a database with a session cannot be
// dropped, and a tunnel may have gone in the meantime.
type Client struct {
	address   url.URL
	home      string
	superuser bool
	timeout   time.Duration
	actAs     string
	slots     chan struct{}
	// databases are those that strict mode is at.
	databases databaseQueue
}

// connect prepares the connection text and opens nothing.
func connect(settings provider.Values) (*Client, error) {
	host := settings.Text("host")
	if host == "" {
		return nil, errors.New("host is missing: set it to the server's name or address")
	}
	mode := settings.Text("sslmode")
	if mode == "" {
		mode = settings.Text("sslMode")
	}
	if mode == "" {
		mode = "require"
	}
	query := url.Values{"sslmode": {mode}, "application_name": {"Pulumi provider"}}
	if path := settings.Text("sslrootcert"); path != "" {
		query.Set("sslrootcert", path)
	}
	if certificate := settings.Object("clientcert"); certificate != nil {
		if certificate.Flag("sslinline") {
			return nil, errors.New("clientcert.sslinline is true: this build of the plugin takes paths only")
		}
		query.Set("sslcert", certificate.Text("cert"))
		query.Set("sslkey", certificate.Text("key"))
	}
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(settings.Text("username"), settings.Text("password")),
		Host: net.JoinHostPort(host, strconv.Itoa(settings.Integer("port"))), RawQuery: query.Encode(),
	}
	client := &Client{
		address: address, home: settings.Text("database"), superuser: settings.Flag("superuser"),
		timeout: time.Duration(settings.Integer("connectTimeout")) * time.Second, actAs: settings.Text("databaseUsername"),
	}
	if limit := settings.Integer("maxConnections"); limit > 0 {
		client.slots = make(chan struct{}, limit)
	}
	if _, err := client.configuration(client.home); err != nil {
		return nil, err
	}
	return client, nil
}

func (client *Client) configuration(database string) (*pgx.ConnConfig, error) {
	address := client.address
	address.Path = "/" + database
	configuration, err := pgx.ParseConfig(address.String())
	if err != nil {
		// The library's error quotes the address, with the password masked.
		return nil, fmt.Errorf("the settings make no valid connection: %w", err)
	}
	configuration.ConnectTimeout = client.timeout
	return configuration, nil
}

// with runs work on a connection to a database, "" for the provider's own.
func (client *Client) with(
	ctx context.Context, database string, work func(ctx context.Context, connection *pgx.Conn) error,
) error {
	if database == "" {
		database = client.home
	}
	if slots := client.slotsOf(ctx); slots != nil {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	configuration, err := client.configuration(database)
	if err != nil {
		return err
	}
	connection, err := pgx.ConnectConfig(ctx, configuration)
	var answered *pgconn.PgError
	if errors.As(err, &answered) && answered.Code == codeNoDatabase && database != client.home {
		// What is in a database goes with it. Roles and databases are not in the provider's own: it is only the way in.
		return fmt.Errorf("%w: PostgreSQL server %s has no database %q", provider.ErrNotFound, client.address.Host, database)
	}
	if err != nil {
		return fmt.Errorf("PostgreSQL server %s: %w", client.address.Host, err)
	}
	defer func() { _ = connection.Close(context.WithoutCancel(ctx)) }()
	if client.actAs != "" {
		if _, err := connection.Exec(ctx, "SET SESSION AUTHORIZATION "+identifier(client.actAs)); err != nil {
			return client.failed(err)
		}
	}
	return client.failed(work(ctx, connection))
}

// transaction runs work on a connection so that it takes effect as a whole or not at all.
func (client *Client) transaction(
	ctx context.Context, database string, work func(ctx context.Context, transaction pgx.Tx) error,
) error {
	return client.with(ctx, database, func(ctx context.Context, connection *pgx.Conn) error {
		return pgx.BeginFunc(ctx, connection, func(transaction pgx.Tx) error { return work(ctx, transaction) })
	})
}

// failed names the server in an error that it has sent. "No row" means that the object does not exist.
func (client *Client) failed(err error) error {
	var answered *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return provider.ErrNotFound
	case errors.As(err, &answered):
		message := answered.Message
		if answered.Detail != "" {
			message += " (" + answered.Detail + ")"
		}
		return fmt.Errorf("PostgreSQL server %s: %s [SQLSTATE %s]", client.address.Host, message, answered.Code)
	default:
		return err
	}
}

// identifier quotes a name for SQL text, where parameters cannot stand.
func identifier(parts ...string) string { return pgx.Identifier(parts).Sanitize() }
