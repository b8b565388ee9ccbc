package server

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// TestInternalListener keeps what is for operators and metrics away from the address of the clients, which may have TLS.
func TestInternalListener(t *testing.T) {
	c := config("a")
	c.Internal = "127.0.0.1:0"
	c.Security.TLS = &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}
	n, err := New(c, idles(nil))
	if err != nil {
		t.Fatal(err)
	}
	stop := launch(n)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true, // the certificate is for no name
	}}
	self := n.gossip.View().Self
	if want := "https://" + n.clientListener.Addr().String(); self.URL != want {
		t.Errorf("clients are sent to %s, want %s", self.URL, want)
	}
	for url, want := range map[string]int{
		self.URL + "/v1/rooms/r/connect":      http.StatusUpgradeRequired,
		self.URL + "/v1/server":               http.StatusNotFound,
		self.URL + "/metrics":                 http.StatusNotFound,
		self.Inside() + "/v1/rooms/r/connect": http.StatusUpgradeRequired,
		self.Inside() + "/v1/server":          http.StatusOK,
		self.Inside() + "/v1/server/games":    http.StatusOK,
		self.Inside() + "/metrics":            http.StatusOK,
		self.Inside() + "/livez":              http.StatusOK,
	} {
		if got := get(t, client, url); got != want {
			t.Errorf("%s answers %d, want %d", url, got, want)
		}
	}
	if err := stop(nil); err != nil {
		t.Error(err)
	}
}

// On one listener for all, a request that came through a proxy on this machine neither sees the rooms nor drains the server.
func TestStrangersOnASharedListener(t *testing.T) {
	n, err := New(config("a"), idles(nil))
	if err != nil {
		t.Fatal(err)
	}
	stop := launch(n)
	defer func() {
		if err := stop(ErrKilled); err != nil {
			t.Error(err)
		}
	}()
	ask := func(method, path string, set func(*http.Request)) int {
		req, err := http.NewRequest(method, n.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		set(req)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	proxied := func(r *http.Request) { r.Header.Set("X-Forwarded-For", "203.0.113.1") }
	named := func(r *http.Request) { r.Host = "play.example.com" }
	for _, path := range []string{"/v1/server", "/v1/server/details", "/v1/server/rooms", "/v1/server/rooms/r", "/metrics"} {
		if got := ask(http.MethodGet, path, proxied); got != http.StatusForbidden {
			t.Errorf("%s through a proxy answers %d", path, got)
		}
		if got := ask(http.MethodGet, path, named); got != http.StatusForbidden {
			t.Errorf("%s with a public Host answers %d", path, got)
		}
		if got := ask(http.MethodGet, path, func(*http.Request) {}); got == http.StatusForbidden {
			t.Errorf("%s of this machine answers %d", path, got)
		}
	}
	for _, path := range []string{"/v1/server/drain", "/v1/server/undrain", "/v1/server/forget?server=b", "/v1/rooms/r/move"} {
		for _, set := range []func(*http.Request){proxied, named} {
			if got := ask(http.MethodPost, path, set); got != http.StatusForbidden {
				t.Errorf("%s answers %d", path, got)
			}
		}
	}
	if got := ask(http.MethodGet, "/livez", proxied); got != http.StatusOK {
		t.Errorf("/livez answers %d", got)
	}
}

// A listener that others reach is never one for all.
func TestListeningBeyondLoopbackMakesAnInternalListener(t *testing.T) {
	c := config("a")
	c.Listen, c.PublicURL = "0.0.0.0:0", "http://play.example.com"
	c.Security.TicketKeys = []ed25519.PublicKey{make([]byte, ed25519.PublicKeySize)}
	n, err := New(c, idles(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if n.internal == nil || n.InternalURL() != "http://"+n.internal.Addr().String() {
		t.Errorf("the internal URL is %s", n.InternalURL())
	}
}

func get(t *testing.T, c *http.Client, url string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-WebSocket-Protocol", proto.Subprotocol)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// selfSigned makes a certificate for an hour and for no name.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
