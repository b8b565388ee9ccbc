package server

import (
	"net/http"
	"testing"
)

// Profiles are there only where they were asked for, for operators only, and without the command line.
func TestProfiles(t *testing.T) {
	const token = "a token of some bytes"
	for _, on := range []bool{false, true} {
		c := config("a")
		c.Internal, c.Profiles, c.Security.AdminToken = "127.0.0.1:0", on, token
		n, err := New(c, idles(nil))
		if err != nil {
			t.Fatal(err)
		}
		stop := launch(n)
		self := n.gossip.View().Self
		get := func(url, token string) int {
			r, err := http.NewRequest(http.MethodGet, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token)
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			return answer.StatusCode
		}
		inside, want, refused := self.Inside()+"/debug/pprof/", http.StatusNotFound, http.StatusNotFound
		if on {
			want, refused = http.StatusOK, http.StatusUnauthorized
		}
		for _, c := range []struct {
			url, token string
			want       int
		}{
			{inside, token, want},
			{inside + "heap", token, want},
			{inside, "another token of ours", refused},
			{inside + "profile?seconds=1", "", refused},
			{inside + "cmdline", token, http.StatusNotFound},
			{self.URL + "/debug/pprof/heap", token, http.StatusNotFound},
		} {
			if got := get(c.url, c.token); got != c.want {
				t.Errorf("profiles %v: %s answers %d, want %d", on, c.url, got, c.want)
			}
		}
		if err := stop(ErrKilled); err != nil {
			t.Error(err)
		}
	}
}
