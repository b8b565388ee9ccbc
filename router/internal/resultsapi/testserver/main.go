// Testserver is the internal listener of a router and nothing else, with a SQLite store in the folder that its argument
// names: a process that the tests of the game server's client can kill. It prints its URL.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/ringside-go/ringside/router/internal/results"
	"github.com/ringside-go/ringside/router/internal/resultsapi"
)

func main() {
	store, err := results.Open(context.Background(), "sqlite:"+os.Args[1], results.DefaultConfig())
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
