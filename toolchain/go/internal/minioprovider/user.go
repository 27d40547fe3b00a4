package minioprovider

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"

	"flts/toolchain/internal/provider"

	"github.com/minio/madmin-go/v3"
)

// secretBytes is the size of a generated secret: 40 characters of base64, MinIO's longest.
const secretBytes = 30

var userName = regexp.MustCompile(`^[0-9A-Za-z=,.@\-_+]+$`)

func user() provider.Resource[*Client] {
	return provider.Resource[*Client]{
		Token:       userToken,
		Description: "A user, whose name and secret are an access key and its secret key.",
		UniqueName:  "name",
		Properties: []provider.Property{
			{Name: "name", AutoName: true, AlwaysSet: true, Replace: true, Check: checkUserName,
				Description: "Access key of the user."},
			{Name: "secret", Computed: true, AlwaysSet: true, Secret: true, Unread: true, Volatile: true,
				Description: "Secret key of the user. Without it one is made."},
			{Name: "disableUser", Kind: provider.Flag, Default: false, Description: "Whether the user is locked out. Default false."},
			{Name: "forceDestroy", Kind: provider.Flag, Default: false, Unread: true,
				Description: "Whether to delete the user even if it has access keys of other making. Default false."},
			{Name: "updateSecret", Kind: provider.Flag, Default: false, Unread: true,
				Description: "Whether every update makes a new secret. Default false."},
			{Name: "tags", Kind: provider.TextMap, Unread: true, Description: "Notes kept in the state."},
			{Name: "status", OutputOnly: true, AlwaysSet: true, Volatile: true, Description: "`enabled` or `disabled`."},
		},
		Create: createUser,
		Read: func(ctx context.Context, client *Client, id string, state provider.Values) (string, provider.Values, error) {
			outputs, err := readUser(ctx, client, id, state)
			return id, outputs, err
		},
		Update: updateUser,
		Delete: func(ctx context.Context, client *Client, id string, _ provider.Values) error {
			return client.failed(client.administration.RemoveUser(ctx, id))
		},
	}
}

func checkUserName(value any) string {
	if text, ok := value.(string); ok && !userName.MatchString(text) {
		return "must consist of letters, digits and = , . @ - _ +"
	}
	return ""
}

func makeSecret() (string, error) {
	bytes := make([]byte, secretBytes)
	if _, err := rand.Read(bytes); err != nil {
		return "", fmt.Errorf("making a secret: %w", err)
	}
	return base64.URLEncoding.EncodeToString(bytes), nil
}

func status(inputs provider.Values) madmin.AccountStatus {
	if inputs.Flag("disableUser") {
		return madmin.AccountDisabled
	}
	return madmin.AccountEnabled
}

func createUser(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
	name := inputs.Text("name")
	_, err := client.administration.GetUserInfo(ctx, name)
	if err == nil {
		return "", nil, fmt.Errorf("user %q already exists on %s: import it (`pulumi import minio:index/iamUser:IamUser "+
			"<resource name> %s`) or choose another name", name, client.objects.EndpointURL(), name)
	}
	if err := client.failed(err); !errors.Is(err, provider.ErrNotFound) {
		return "", nil, err
	}
	return setUser(ctx, client, inputs)
}

// setUser makes a user, or gives the one of that name the inputs' secret and status.
func setUser(ctx context.Context, client *Client, inputs provider.Values) (string, provider.Values, error) {
	name, secret := inputs.Text("name"), inputs.Text("secret")
	if secret == "" {
		made, err := makeSecret()
		if err != nil {
			return "", nil, err
		}
		secret = made
	}
	if err := client.administration.SetUser(ctx, name, secret, status(inputs)); err != nil {
		return "", nil, client.failed(err)
	}
	known := inputs.With(provider.Values{"secret": secret})
	outputs, err := readUser(ctx, client, name, known)
	return provider.Made(name, known, outputs, err)
}

// readUser asks for the user's status. The server never returns the secret.
func readUser(ctx context.Context, client *Client, name string, state provider.Values) (provider.Values, error) {
	actual, err := client.administration.GetUserInfo(ctx, name)
	if err != nil {
		return nil, client.failed(err)
	}
	return state.With(provider.Values{
		"name": name, "status": string(actual.Status), "disableUser": actual.Status == madmin.AccountDisabled,
		"forceDestroy": state.Flag("forceDestroy"), "updateSecret": state.Flag("updateSecret"),
	}), nil
}

func updateUser(
	ctx context.Context, client *Client, id string, state, inputs provider.Values,
) (provider.Values, error) {
	secret := inputs.Text("secret")
	if inputs.Flag("updateSecret") {
		made, err := makeSecret()
		if err != nil {
			return nil, err
		}
		secret = made
	}
	if secret == "" {
		secret = state.Text("secret")
	}
	var err error
	if secret != state.Text("secret") {
		err = client.administration.SetUser(ctx, id, secret, status(inputs))
	} else {
		err = client.administration.SetUserStatus(ctx, id, status(inputs))
	}
	if err != nil {
		return nil, client.failed(err)
	}
	outputs := inputs
	if secret != "" {
		outputs = inputs.With(provider.Values{"secret": secret})
	}
	return readUser(ctx, client, id, outputs)
}
