// Testserver is the internal listener of a router and nothing else, with a SQLite store in the folder that its first argument
// names: a process that the tests of the game server's client can kill. A second argument is by how much its clock is wrong, such as
// -9600h. It prints its URL.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/ringside-go/ringside/router/internal/results"
	"github.com/ringside-go/ringside/router/internal/resultsapi"
)

func main() {
	c := results.DefaultConfig()
	if len(os.Args) > 2 {
		wrong, err := time.ParseDuration(os.Args[2])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		c.Now = func() time.Time { return time.Now().Add(wrong) }
	}
	store, err := results.Open(context.Background(), "sqlite:"+os.Args[1], c)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	api := resultsapi.New(resultsapi.Config{
		Store: store, MaxWaiting: 10, Logger: slog.New(slog.DiscardHandler),
		Caller: func(*http.Request) (resultsapi.Caller, error) { return resultsapi.Caller{Operator: true}, nil },
	})
	mux := http.NewServeMux()
	mux.Handle("/internal/", api.Internal())
	mux.Handle("/", api.Public())
	fmt.Println("http://" + listener.Addr().String())
	fmt.Fprintln(os.Stderr, http.Serve(listener, mux))
}
