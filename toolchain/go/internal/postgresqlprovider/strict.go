package postgresqlprovider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"flts/toolchain/internal/provider"

	"github.com/jackc/pgx/v5"
)

// This file is all that strict mode changes: the faults of the official plugin, pulumi-resource-postgresql 3.18.1, by
// the rows of the table in tests/plugins/README.md.

func asOfficial(resource provider.Resource[*Client]) provider.Resource[*Client] {
	resource.Delete = missingFails(resource.Token, resource.Delete)
	switch resource.Token {
	case roleToken:
		resource.Read = withoutScram(resource.Read)
	case databaseToken:
		resource.Create, resource.Delete = lockedCreate(resource.Create), lockedDelete(resource.Delete)
	}
	return resource
}

type (
	createFunction = func(context.Context, *Client, provider.Values) (string, provider.Values, error)
	readFunction   = func(context.Context, *Client, string, provider.Values) (string, provider.Values, error)
	deleteFunction = func(context.Context, *Client, string, provider.Values) error
)

// Row 7: what is gone cannot be removed.
func missingFails(token string, remove deleteFunction) deleteFunction {
	return func(ctx context.Context, client *Client, id string, state provider.Values) error {
		err := remove(ctx, client, id, state)
		name := nameOr(state, id)
		switch {
		case !errors.Is(err, provider.ErrNotFound):
			return err
		case token == databaseToken:
			return fmt.Errorf("error blocking connections to database: pq: database %q does not exist", name)
		case token == roleToken:
			return fmt.Errorf("could not reassign owned by role %s to %s: pq: role %q does not exist",
				name, client.address.User.Username(), name)
		default:
			return errors.New(err.Error())
		}
	}
}

// Row 9: a password that was changed outside is not seen when its hash is of SCRAM.
func withoutScram(read readFunction) readFunction {
	return func(
		ctx context.Context, client *Client, id string, state provider.Values,
	) (string, provider.Values, error) {
		newID, outputs, err := read(ctx, client, id, state)
		if err == nil && strings.HasPrefix(outputs.Text("password"), scramPrefix) {
			outputs["password"] = state["password"]
		}
		return newID, outputs, err
	}
}

// Row 11: a database is made and dropped by a second connection, while a first one holds a lock for which all others
// wait. Where these take the last of maxConnections, nothing moves any more.
func locked(ctx context.Context, client *Client, values provider.Values, work func(context.Context) error) error {
	if values.Text("owner") == "" {
		return work(ctx)
	}
	ctx, started, leave := client.databases.enter(ctx, client.slots)
	defer leave()
	return client.transaction(ctx, "", func(ctx context.Context, transaction pgx.Tx) error {
		lock := "SELECT pg_advisory_xact_lock(oid::bigint) FROM pg_roles WHERE rolname = current_user"
		if err := execute(ctx, transaction, lock); err != nil {
			return err
		}
		started()
		return work(ctx)
	})
}

// connectionsOfDatabase are the one with the lock and the one that works.
const connectionsOfDatabase = 2

// databaseQueue counts the databases under way. The first has the lock and both its connections before another one asks
// for any, so that as many databases as connections succeed.
type databaseQueue struct {
	mutex sync.Mutex
	count int
}

type ownSlots struct{}

// slotsOf are the connections that an operation may take, nil for any number.
func (client *Client) slotsOf(ctx context.Context) chan struct{} {
	if own, ok := ctx.Value(ownSlots{}).(chan struct{}); ok {
		return own
	}
	return client.slots
}

// enter counts a database until it leaves, and lets the next one in when it has started.
func (queue *databaseQueue) enter(
	ctx context.Context, slots chan struct{},
) (_ context.Context, started, leave func()) {
	queue.mutex.Lock()
	started = sync.OnceFunc(queue.mutex.Unlock)
	queue.count++
	taken := 0
	leave = func() {
		started()
		for ; taken > 0; taken-- {
			<-slots
		}
		queue.mutex.Lock()
		defer queue.mutex.Unlock()
		queue.count--
	}
	if queue.count > 1 || slots == nil {
		started()
		return ctx, started, leave
	}
	for taken < connectionsOfDatabase {
		select {
		case slots <- struct{}{}:
			taken++
		case <-ctx.Done():
			return ctx, started, leave
		}
	}
	return context.WithValue(ctx, ownSlots{}, make(chan struct{}, connectionsOfDatabase)), started, leave
}

func lockedCreate(create createFunction) createFunction {
	return func(
		ctx context.Context, client *Client, inputs provider.Values,
	) (id string, outputs provider.Values, err error) {
		err = locked(ctx, client, inputs, func(ctx context.Context) error {
			id, outputs, err = create(ctx, client, inputs)
			return err
		})
		return id, outputs, err
	}
}

func lockedDelete(remove deleteFunction) deleteFunction {
	return func(ctx context.Context, client *Client, id string, state provider.Values) error {
		return locked(ctx, client, state, func(ctx context.Context) error { return remove(ctx, client, id, state) })
	}
}
