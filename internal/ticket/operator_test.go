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

// Requests that came through a proxy on this machine are not of this machine, so that they need the token.
func TestProxiedRequestsAreNotLocal(t *testing.T) {
	open, err := NewOperator("", true)
	if err != nil {
		t.Fatal(err)
	}
	withToken, _ := NewOperator("0123456789abcdef", true)
	for name, set := range map[string]func(*http.Request){
		"Forwarded":          func(r *http.Request) { r.Header.Set("Forwarded", "for=203.0.113.1") },
		"X-Forwarded-For":    func(r *http.Request) { r.Header.Set("X-Forwarded-For", "127.0.0.1") },
		"X-Forwarded-Proto":  func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") },
		"X-Real-IP":          func(r *http.Request) { r.Header.Set("X-Real-IP", "127.0.0.1") },
		"Via":                func(r *http.Request) { r.Header.Set("Via", "1.1 proxy") },
		"public Host":        func(r *http.Request) { r.Host = "play.example.com" },
		"address as Host":    func(r *http.Request) { r.Host = "203.0.113.7:8080" },
		"no Host":            func(r *http.Request) { r.Host = "" },
		"HTTP/1.0":           func(r *http.Request) { r.ProtoMinor = 0 },
		"another's address":  func(r *http.Request) { r.RemoteAddr = "203.0.113.1:5" },
		"another web page's": func(r *http.Request) { r.Header.Set("Origin", "https://evil.example.com") },
	} {
		r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:8080/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RemoteAddr = "127.0.0.1:5"
		if err := errors.Join(open.Check(r), open.CheckReader(r), withToken.CheckReader(r)); err != nil {
			t.Fatalf("a request of this machine: %v", err)
		}
		if open.Closed().Check(r) == nil || open.Closed().CheckReader(r) == nil || withToken.Check(r) == nil {
			t.Fatal("a request without the token is let in")
		}
		set(r)
		if open.Check(r) == nil || open.CheckReader(r) == nil || withToken.CheckReader(r) == nil {
			t.Errorf("%s: the request is taken for one of this machine", name)
		}
		withToken.Sign(r)
		if err := errors.Join(withToken.Check(r), withToken.Closed().CheckReader(r)); err != nil {
			t.Errorf("%s, with the token: %v", name, err)
		}
	}
}

func TestDependsOnLoopback(t *testing.T) {
	for _, tt := range []struct {
		token string
		open  bool
		url   string
		want  bool
	}{
		{"", true, "https://play.example.com", true}, {"", true, "http://203.0.113.1:8080/v1/servers/gs-1", true},
		{"", true, "http://127.0.0.1:8080", false}, {"", true, "http://localhost", false}, {"", true, "", false},
		{"", false, "https://play.example.com", false}, {"0123456789abcdef", true, "https://play.example.com", false},
	} {
		o, err := NewOperator(tt.token, tt.open)
		if err != nil {
			t.Fatal(err)
		}
		if got := o.DependsOnLoopback(tt.url); got != tt.want {
			t.Errorf("token %q, open %v, URL %q: %v", tt.token, tt.open, tt.url, got)
		}
	}
}
