package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRebuild(t *testing.T) {
	router := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"detail":"send the token"}`))
		case r.Method+" "+r.URL.Path != "POST /internal/v1/boards/arena/rebuild":
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"detail":"board is not declared"}`))
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	defer router.Close()
	for _, c := range []struct{ args, want string }{
		{"arena -admin-token secret", "board arena is computed again"},
		{"arena", "send the token"},
		{"none -admin-token secret", "board is not declared"},
		{"arena -admin-token x -admin-token-file y", "both given"},
	} {
		var out output
		err := execute(t.Context(), append([]string{"rebuild", "-router", router.URL + "/"}, strings.Fields(c.args)...), nil, &out, &out)
		said := out.String()
		if err != nil {
			said = err.Error()
		}
		if !strings.Contains(said, c.want) {
			t.Errorf("%s: %q, want %q", c.args, said, c.want)
		}
	}
}
