// Command probe looks at the cluster from inside a pod. `probe serve` is the pod's container; the other
// commands are run in it by `kubectl exec` and print what they find.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"syscall"
	"time"
)

const timeout = 5 * time.Second

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("give serve, resolve NAME, connect ADDRESS, get URL, write PATH TEXT, read PATH or burn"))
	}
	commands := map[string]func([]string) error{
		"serve": serve, "resolve": resolve, "connect": connect, "get": get, "write": write, "read": read, "burn": burn,
	}
	command, known := commands[os.Args[1]]
	if !known {
		fail(fmt.Errorf("no command %q", os.Args[1]))
	}
	if err := command(os.Args[2:]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func serve([]string) error {
	fmt.Println("probe serves")
	http.HandleFunc("/", func(response http.ResponseWriter, _ *http.Request) {
		hostname, _ := os.Hostname()
		fmt.Fprintf(response, "hello from %s", hostname)
	})
	return http.ListenAndServe(":8080", nil)
}

func resolve(arguments []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	found, err := net.DefaultResolver.LookupHost(ctx, arguments[0])
	fmt.Println(found)
	return err
}

func connect(arguments []string) error {
	connection, err := net.DialTimeout("tcp", arguments[0], timeout)
	if err != nil {
		return err
	}
	fmt.Println("connected")
	return connection.Close()
}

func get(arguments []string) error {
	client := http.Client{Timeout: timeout}
	response, err := client.Get(arguments[0])
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(os.Stdout, response.Body)
	return err
}

func write(arguments []string) error {
	return os.WriteFile(arguments[0], []byte(arguments[1]), 0o644)
}

func read(arguments []string) error {
	content, err := os.ReadFile(arguments[0])
	fmt.Print(string(content))
	return err
}

// burn keeps every processor busy for four seconds and prints how much of one it was given.
func burn([]string) error {
	started := time.Now()
	for range runtime.NumCPU() {
		go func() {
			for {
			}
		}()
	}
	time.Sleep(4 * time.Second)
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	used := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	fmt.Printf("%.3f\n", used.Seconds()/time.Since(started).Seconds())
	return nil
}
