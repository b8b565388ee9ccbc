package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// issue writes a certificate that signs itself, with serial number n, and gives the pool that trusts it.
func issue(t *testing.T, certFile, keyFile string, n int64) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{"gs-0.play.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return pool
}

func write(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// shake does one handshake and gives the serial number of the certificate.
func shake(t *testing.T, p *Pair, trusted *x509.CertPool) int64 {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	server := tls.Server(a, p.Config())
	failed := make(chan error, 1)
	go func() { failed <- server.Handshake() }()
	client := tls.Client(b, &tls.Config{RootCAs: trusted, ServerName: "gs-0.play.example.com"})
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return client.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// passed makes the next handshake look at the files again.
func (f *Files[T]) passed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looked = time.Now().Add(-lookAgain)
}

// TestRenewal replaces the files as the kubelet does: a folder's link is changed at once.
func TestRenewal(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, d := range []string{"v1", "v2", "v3"} {
		if err := os.Mkdir(in(d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	point := func(to string) {
		if err := os.Symlink(to, in("next")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(in("next"), in("data")); err != nil {
			t.Fatal(err)
		}
	}
	first := issue(t, in("v1/tls.crt"), in("v1/tls.key"), 1)
	point("v1")
	var log bytes.Buffer
	p, err := Load(in("data/tls.crt"), in("data/tls.key"), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	p.files.passed()
	if n := shake(t, p, first); n != 1 || log.Len() > 0 {
		t.Errorf("certificate %d, want 1; log: %s", n, &log)
	}

	write(t, in("v2/tls.crt"), []byte("half of it"))
	write(t, in("v2/tls.key"), nil)
	point("v2")
	for range 2 {
		p.files.passed()
		if n := shake(t, p, first); n != 1 {
			t.Errorf("certificate %d, want 1, as the new one is broken", n)
		}
	}
	if n := strings.Count(log.String(), "cannot be read"); n != 1 {
		t.Errorf("the broken certificate is told of %d times, want once: %s", n, &log)
	}

	third := issue(t, in("v3/tls.crt"), in("v3/tls.key"), 3)
	point("v3")
	if n := shake(t, p, first); n != 1 {
		t.Errorf("certificate %d, want 1: the files were looked at just now", n)
	}
	p.files.passed()
	if n := shake(t, p, third); n != 3 {
		t.Errorf("certificate %d, want 3", n)
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	cert, key, other := filepath.Join(dir, "c"), filepath.Join(dir, "k"), filepath.Join(dir, "o")
	issue(t, cert, other, 1)
	issue(t, cert, key, 2)
	discard := slog.New(slog.NewTextHandler(io.Discard, nil))
	if p, err := Load("", "", discard); p != nil || err != nil {
		t.Errorf("no files give %v, %v", p, err)
	}
	for _, c := range []struct{ cert, key, want string }{
		{cert, "", "go together"},
		{"", key, "go together"},
		{cert, filepath.Join(dir, "none"), "no such file"},
		{cert, other, "does not match"},
	} {
		if _, err := Load(c.cert, c.key, discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Load(%q, %q) gives %v, want %q", c.cert, c.key, err, c.want)
		}
	}
}

func readFile(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
