package ticket

import (
	"errors"
	"net/http"
	"testing"
)

func TestOperator(t *testing.T) {
	const token = "0123456789abcdef"
	// What a browser says for Host beside these origins; of the evil page the name has been made to point to this machine.
	hosts := map[string]string{"http://127.0.0.1:8080": "127.0.0.1:8080", "http://[::1]:8080": "[::1]:8080",
		"http://localhost:8080": "localhost:8080", "http://127.0.0.1:9000": "127.0.0.1:8080",
		"http://evil.example.com:8080": "evil.example.com:8080"}
	for _, c := range []struct {
		name, token   string
		open          bool
		header, value string
		want          error
	}{
		{"right token", token, false, "Authorization", "Bearer " + token, nil},
		{"wrong token", token, true, "Authorization", "Bearer " + token + "0", ErrNoOperator},
		{"another scheme", token, true, "Authorization", "Basic " + token, ErrNoOperator},
		{"no token", token, true, "", "", ErrNoOperator},
		{"none set, loopback", "", true, "", "", nil},
		{"none set, a web page", "", true, "Origin", "https://evil.example.com", ErrOperatorClosed},
		{"none set, our own page", "", true, "Origin", "http://127.0.0.1:8080", nil},
		{"none set, our own page, over IPv6", "", true, "Origin", "http://[::1]:8080", nil},
		{"none set, our own page, by name", "", true, "Origin", "http://localhost:8080", nil},
		{"none set, another port's page", "", true, "Origin", "http://127.0.0.1:9000", ErrOperatorClosed},
		{"none set, a page that looks like our own", "", true, "Origin", "http://evil.example.com:8080", ErrOperatorClosed},
		{"none set, a sandboxed page", "", true, "Origin", "null", ErrOperatorClosed},
		{"none set, no URL", "", true, "Origin", "http://[", ErrOperatorClosed},
		{"none set, our own page, but reachable by others", "", false, "Origin", "http://127.0.0.1:8080", ErrOperatorClosed},
		{"none set, reachable by others", "", false, "Authorization", "Bearer ", ErrOperatorClosed},
	} {
		o, err := NewOperator(c.token, c.open)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.header != "" {
			r.Header.Set(c.header, c.value)
			r.Host = hosts[c.value]
		}
		if got := o.Check(r); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if _, err := NewOperator("short", true); err == nil {
		t.Error("a short token is taken")
	}
	o, _ := NewOperator(token, false)
	r, _ := http.NewRequest(http.MethodPost, "http://127.0.0.1/", nil)
	o.Sign(r)
	if err := o.Check(r); err != nil {
		t.Error(err)
	}
}
