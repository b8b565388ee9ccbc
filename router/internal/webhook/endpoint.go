package webhook

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
)

// ErrEndpoint is wrapped by every error about an endpoint's settings.
var ErrEndpoint = errors.New("bad endpoint")

// Endpoint is where outcomes go.
type Endpoint struct {
	Name string `json:"name"` // what the store calls it: keep it when the URL changes
	// URL is https://HOST/PATH, http:// likewise, or nats://HOST:PORT/SUBJECT for a JetStream stream that takes SUBJECT.
	URL string `json:"url"`
	// Secrets sign: whsec_ and base64 of 24 to 64 bytes. One, or two while they are changed. NATS needs none.
	Secrets []string `json:"secrets,omitempty"`
	// Private allows addresses that are not public, such as those of a studio's own network.
	Private bool `json:"private,omitempty"`
	// FromStart delivers the outcomes that the store had before it knew this endpoint, too.
	FromStart bool `json:"fromStart,omitempty"`
	// Credentials is a NATS credentials file.
	Credentials string `json:"credentials,omitempty"`
}

// LoadEndpoints reads a JSON file with a list of endpoints.
func LoadEndpoints(file string) ([]Endpoint, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEndpoint, err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	var list []Endpoint
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrEndpoint, file, err)
	}
	return list, Validate(list)
}

var (
	endpointName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	natsSubject  = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
)

// Validate says what is wrong with a list of endpoints. It repeats no secret.
func Validate(list []Endpoint) error {
	names := map[string]bool{}
	for _, e := range list {
		if !endpointName.MatchString(e.Name) || names[e.Name] {
			return fmt.Errorf("%w: name %.70q; each needs one of its own, of 1 to 64 letters, digits, '.', '_' and '-'", ErrEndpoint, e.Name)
		}
		names[e.Name] = true
		u, err := url.Parse(e.URL)
		if err != nil || u.Host == "" || u.Fragment != "" {
			return fmt.Errorf("%w: %s: its URL must look like https://example.com/hook or nats://example.com:4222/subject", ErrEndpoint, e.Name)
		}
		switch u.Scheme {
		case "http", "https":
			if len(e.Secrets) < 1 || len(e.Secrets) > 2 {
				return fmt.Errorf("%w: %s has %d secrets; give one, or two while they are changed", ErrEndpoint, e.Name, len(e.Secrets))
			}
		case "nats", "tls":
			if subject := strings.TrimPrefix(u.Path, "/"); !natsSubject.MatchString(subject) {
				return fmt.Errorf("%w: %s: the URL's path must be a subject without wildcards, such as /outcomes.arena", ErrEndpoint, e.Name)
			}
		default:
			return fmt.Errorf("%w: %s: scheme %q; use https, http, nats or tls", ErrEndpoint, e.Name, u.Scheme)
		}
		for _, s := range e.Secrets {
			if _, err := decodeSecret(s); err != nil {
				return fmt.Errorf("%w: %s: %w", ErrEndpoint, e.Name, err)
			}
		}
	}
	return nil
}

func decodeSecret(s string) ([]byte, error) {
	text, ok := strings.CutPrefix(s, "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("a secret is whsec_ and base64 of 24 to 64 bytes; make one with: echo whsec_$(openssl rand -base64 32)")
	}
	return key, nil
}
