package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	secret      = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	otherSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

// The example of the convention's own documentation.
func TestSignature(t *testing.T) {
	key, err := decodeSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	got := sign([][]byte{key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signature is %s, want %s", got, want)
	}
}

// verify is how a receiver checks a message, by one secret of its own.
func verify(h http.Header, body []byte, secret string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "." + string(body)))
	for _, s := range strings.Fields(h.Get("webhook-signature")) {
		version, signature, _ := strings.Cut(s, ",")
		got, err := base64.StdEncoding.DecodeString(signature)
		if version == "v1" && err == nil && hmac.Equal(got, mac.Sum(nil)) {
			return true
		}
	}
	return false
}

func TestBadEndpoints(t *testing.T) {
	good := Endpoint{Name: "hook", URL: "https://example.com/hook", Secrets: []string{secret, otherSecret}}
	if err := Validate([]Endpoint{good, {Name: "nats", URL: "nats://example.com:4222/outcomes.arena"}}); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Endpoint){
		"no name":         func(e *Endpoint) { e.Name = "" },
		"SQL as a name":   func(e *Endpoint) { e.Name = "x'; --" },
		"no URL":          func(e *Endpoint) { e.URL = "" },
		"a relative URL":  func(e *Endpoint) { e.URL = "/hook" },
		"a file":          func(e *Endpoint) { e.URL = "file:///etc/passwd" },
		"gopher":          func(e *Endpoint) { e.URL = "gopher://example.com/1" },
		"a NATS wildcard": func(e *Endpoint) { e.URL = "nats://example.com/outcomes.>" },
		"no NATS subject": func(e *Endpoint) { e.URL = "nats://example.com" },
		"no secret":       func(e *Endpoint) { e.Secrets = nil },
		"three secrets":   func(e *Endpoint) { e.Secrets = []string{secret, secret, secret} },
		"a short secret":  func(e *Endpoint) { e.Secrets = []string{"whsec_c2hvcnQ="} },
		"a plain secret":  func(e *Endpoint) { e.Secrets = []string{"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} },
		"a broken secret": func(e *Endpoint) { e.Secrets = []string{"whsec_ZZZ"} },
		"a name for two":  func(e *Endpoint) { e.Name = "first" },
	} {
		e := good
		change(&e)
		err := Validate([]Endpoint{{Name: "first", URL: good.URL, Secrets: good.Secrets}, e})
		if !errors.Is(err, ErrEndpoint) || strings.Contains(err.Error(), "c2hvcnQ") {
			t.Errorf("%s: %v, want ErrEndpoint without the secret", name, err)
		}
	}
}

func TestLoadEndpoints(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hooks.json")
	write := func(s string) {
		if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`[{"name": "a", "url": "https://example.com", "secrets": ["` + secret + `"], "private": true}]`)
	if list, err := LoadEndpoints(file); err != nil || len(list) != 1 || !list[0].Private {
		t.Errorf("LoadEndpoints gives %v, %v", list, err)
	}
	for _, s := range []string{`{`, `[{"name": "a", "uri": "https://example.com"}]`, `[{"name": "a"}]`} {
		write(s)
		if _, err := LoadEndpoints(file); !errors.Is(err, ErrEndpoint) {
			t.Errorf("%s: %v, want ErrEndpoint", s, err)
		}
	}
	if _, err := LoadEndpoints(file + "x"); !errors.Is(err, ErrEndpoint) {
		t.Errorf("no file: %v, want ErrEndpoint", err)
	}
}
