package minioprovider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"

	"flts/toolchain/internal/provider"

	"github.com/minio/madmin-go/v3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// attempts is how often a request is tried before its error is reported. The client waits up to a second between two,
// so that a server that is down is reported within a few seconds and a restart is ridden out.
const attempts = 4

// Client talks to one server: its S3 interface and its administration interface.
type Client struct {
	objects        *minio.Client
	administration *madmin.AdminClient
	region         string
}

// connect makes the clients. Neither of them opens a connection.
func connect(settings provider.Values) (*Client, error) {
	server := settings.Text("minioServer")
	user := firstText(settings, "minioUser", "minioAccessKey")
	password := firstText(settings, "minioPassword", "minioSecretKey")
	switch {
	case server == "":
		return nil, errors.New("minioServer is missing: set it to the server's host:port")
	case user == "":
		return nil, errors.New("minioUser is missing: set it to the user to sign in as")
	case password == "":
		return nil, errors.New("minioPassword is missing: set it to the user's password")
	}
	transport, err := transportFor(settings)
	if err != nil {
		return nil, err
	}
	signature := credentials.SignatureV4
	if settings.Text("minioApiVersion") == "v2" {
		signature = credentials.SignatureV2
	}
	signIn := credentials.NewStatic(user, password, settings.Text("minioSessionToken"), signature)

	objects, err := minio.New(server, &minio.Options{
		Creds: signIn, Secure: settings.Flag("minioSsl"), Region: settings.Text("minioRegion"), Transport: transport,
		MaxRetries: attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("minioServer is %q: %w", server, err)
	}
	administration, err := madmin.NewWithOptions(server, &madmin.Options{
		Creds: signIn, Secure: settings.Flag("minioSsl"), Transport: transport,
	})
	if err != nil {
		return nil, fmt.Errorf("minioServer is %q: %w", server, err)
	}
	madmin.MaxRetry = attempts
	return &Client{objects: objects, administration: administration, region: settings.Text("minioRegion")}, nil
}

func firstText(settings provider.Values, names ...string) string {
	for _, name := range names {
		if text := settings.Text(name); text != "" {
			return text
		}
	}
	return ""
}

func transportFor(settings provider.Values) (http.RoundTripper, error) {
	transport, err := minio.DefaultTransport(settings.Flag("minioSsl"))
	if err != nil {
		return nil, err
	}
	if !settings.Flag("minioSsl") {
		return transport, nil
	}
	transport.TLSClientConfig = &tls.Config{
		MinVersion: tls.VersionTLS12, InsecureSkipVerify: settings.Flag("minioInsecure"),
	}
	if path := settings.Text("minioCacertFile"); path != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("reading the system's certificate authorities: %w", err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("minioCacertFile: %w", err)
		}
		if !pool.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("minioCacertFile is %q: it holds no PEM certificate", path)
		}
		transport.TLSClientConfig.RootCAs = pool
	}
	certificate, key := settings.Text("minioCertFile"), settings.Text("minioKeyFile")
	if certificate != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, fmt.Errorf("minioCertFile %q and minioKeyFile %q: %w", certificate, key, err)
		}
		transport.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	return transport, nil
}

// failed names the server in an error. Where the server has answered that the object does not exist, it is
// provider.ErrNotFound; every other failure stays one.
func (client *Client) failed(err error) error {
	if err == nil {
		return nil
	}
	switch errorCode(err) {
	case "NoSuchBucket", "NoSuchKey", "XMinioAdminNoSuchUser", "XMinioAdminNoSuchPolicy":
		return fmt.Errorf("%w: %w", provider.ErrNotFound, err)
	}
	return fmt.Errorf("MinIO server %s: %w", client.objects.EndpointURL(), err)
}

// confirmed makes a resource doubt every "not found". A 404 may come from anything that listens at the address, a proxy
// or another service behind the same tunnel, and the client libraries make "no such bucket" of it; only a signed list of
// buckets comes from the right server.
func confirmed(resource provider.Resource[*Client]) provider.Resource[*Client] {
	read, remove := resource.Read, resource.Delete
	resource.Read = func(
		ctx context.Context, client *Client, id string, state provider.Values,
	) (string, provider.Values, error) {
		newID, outputs, err := read(ctx, client, id, state)
		return newID, outputs, client.confirm(ctx, err)
	}
	resource.Delete = func(ctx context.Context, client *Client, id string, state provider.Values) error {
		return client.confirm(ctx, remove(ctx, client, id, state))
	}
	return resource
}

func (client *Client) confirm(ctx context.Context, err error) error {
	if !errors.Is(err, provider.ErrNotFound) {
		return err
	}
	if _, listing := client.objects.ListBuckets(ctx); listing != nil {
		return fmt.Errorf("MinIO server %s: it answers \"not found\", but does not list its buckets either: %w",
			client.objects.EndpointURL(), listing)
	}
	return err
}

// errorCode is the code of an error that the server itself has sent, else "".
func errorCode(err error) string {
	var administration madmin.ErrorResponse
	if errors.As(err, &administration) {
		return administration.Code
	}
	var objects minio.ErrorResponse
	if errors.As(err, &objects) {
		return objects.Code
	}
	return ""
}
