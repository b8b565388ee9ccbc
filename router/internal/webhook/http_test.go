package webhook

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func web(t *testing.T, e Endpoint, h http.HandlerFunc) *webSender {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	e.URL, e.Secrets = server.URL+"/hook", []string{secret, otherSecret}
	s := newWebSender(e)
	t.Cleanup(s.close)
	return s
}

func TestAttempt(t *testing.T) {
	m := message{"00c0ffee00c0ffee-3", time.Unix(1795953600, 0), []byte(`{"type":"outcome"}`)}
	var followed bool
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   result
	}{
		"ok": {func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Method != http.MethodPost || string(body) != string(m.body) || r.Header.Get("Content-Type") != "application/json" ||
				r.Header.Get("webhook-id") != m.id || r.Header.Get("webhook-timestamp") != "1795953600" {
				t.Errorf("%s %s %v", r.Method, body, r.Header)
			}
			// A receiver that knows only the old or only the new secret takes it, another does not, and a changed body is noticed.
			if !verify(r.Header, body, secret) || !verify(r.Header, body, otherSecret) || verify(r.Header, body, "whsec_"+strings.Repeat("A", 32)) ||
				verify(r.Header, append(body, ' '), secret) {
				t.Errorf("signatures are %s", r.Header.Get("webhook-signature"))
			}
			w.WriteHeader(http.StatusNoContent)
		}, result{ok: true}},
		"error":       {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", 500) }, result{err: "500 Internal Server Error"}},
		"bad request": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "what?", 400) }, result{err: "what?"}},
		"gone":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, result{gone: true, err: "410"}},
		"busy": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(503)
		}, result{err: "503", after: 2 * time.Minute}},
		"busy for ever": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "99999999")
			w.WriteHeader(429)
		}, result{err: "429", after: backoffMost}},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			followed = followed || r.URL.Path != "/hook"
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, result{err: "307"}},
		"closes": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, result{err: "EOF"}},
		"a body without end": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}, result{err: "500"}},
		"a header without end": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 64<<10))
			w.WriteHeader(200)
		}, result{err: "header"}},
	} {
		got := web(t, Endpoint{Private: true}, test.answer).send(t.Context(), m)
		if got.ok != test.want.ok || got.gone != test.want.gone || got.after != test.want.after || !strings.Contains(got.err, test.want.err) || len(got.err) > 1000 {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
	if followed {
		t.Error("a redirect was followed")
	}
}

// An endpoint that does not answer, and one that begins to and stops, cost an attempt and its time-out.
func TestHangingEndpoint(t *testing.T) {
	over := make(chan struct{})
	defer close(over) // before the servers wait for their handlers
	for name, begin := range map[string]func(http.ResponseWriter){
		"silent":         func(http.ResponseWriter) {},
		"stops half-way": func(w http.ResponseWriter) { w.WriteHeader(500); w.(http.Flusher).Flush() },
	} {
		s := web(t, Endpoint{Private: true}, func(w http.ResponseWriter, _ *http.Request) {
			begin(w)
			<-over
		})
		s.client.Timeout = 50 * time.Millisecond
		if got := s.send(t.Context(), message{}); got.ok || got.err == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Addresses are checked when they are dialled: a name that resolves to this machine is refused as its address is.
func TestPrivateAddressesAreRefused(t *testing.T) {
	s := web(t, Endpoint{}, func(http.ResponseWriter, *http.Request) { t.Error("the request arrived") })
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		url := strings.Replace(s.url, "127.0.0.1", host, 1)
		refused := *s
		refused.url = url
		if got := refused.send(t.Context(), message{}); got.ok || !strings.Contains(got.err, "no public address") {
			t.Errorf("%s: %+v, want a refusal", host, got)
		}
	}
}
