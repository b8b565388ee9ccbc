package main

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/internal/ticket"
)

// The smoke test of an operator, against a fleet as in production: TLS by a certificate authority that the system does not know, and
// players with identity tokens. It passes, and fails with its reason on one line for each thing that an operator can get wrong, and
// when a router is down.
func TestFleetSmoke(t *testing.T) {
	fleetTime(t)
	runtime.LockOSThread() // see fleet.Process.Start
	defer runtime.UnlockOSThread()
	out := fleet.NewConsole(testWriter{t}, false)
	bin, err := binaries(t.Context(), "", out)
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := fleet.PickAddresses(2, true)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"backend", "stranger"} {
		private, public, err := ticket.GenerateKey()
		if err := errors.Join(err, os.WriteFile(filepath.Join(dir, name+".pem"), private, 0o600), os.WriteFile(filepath.Join(dir, name+".pub.pem"), public, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	writeCertificate(t, dir)
	tlsFlags := []string{"-tls-cert", filepath.Join(dir, "tls.crt"), "-tls-key", filepath.Join(dir, "tls.key")}
	b := fleet.Builder{Bin: bin, Seeds: fleet.Seeds(addresses), LogLevel: "warn"}
	ended := make(chan *fleet.Child, 3)
	var children []*fleet.Child
	defer func() { fleet.Stop(children, fleet.StopTimeout) }()
	for i, p := range []fleet.Process{
		b.Router("router-1", addresses[0], append(tlsFlags, "-auth-keys", filepath.Join(dir, "backend.pub.pem"))...),
		b.GameServer("game-1", addresses[1], tlsFlags...), b.GameServer("game-2", addresses[2], tlsFlags...),
	} {
		child, err := p.Start(out, i, ended)
		if err != nil {
			t.Fatal(err)
		}
		children = append(children, child)
	}

	key := []string{"-identity-key", filepath.Join(dir, "backend.pem")}
	ca := []string{"-ca", filepath.Join(dir, "tls.crt")}
	smoke := func(args ...string) (line string, status int) {
		args = append([]string{"-smoke", "-router", "https://" + addresses[0].HTTP, "-for", "1s"}, args...)
		text, err := exec.CommandContext(t.Context(), filepath.Join(bin, "bot"), args...).Output()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if exit != nil {
			status = exit.ExitCode()
		}
		line = strings.TrimSuffix(string(text), "\n")
		if strings.Contains(line, "\n") {
			t.Errorf("this is more than a line: %s", text)
		}
		t.Logf("%v: %d %s", args, status, line)
		return line, status
	}
	if line, status := smoke(append(append(key, ca...), "-wait", "20s")...); status != 0 || !strings.HasPrefix(line, "OK players=8 refused=0 ") {
		t.Errorf("a fleet that is well: %d, %s", status, line)
	}
	for what, c := range map[string]struct {
		args []string
		want string
	}{
		"an unknown authority": {key, "certificate"},
		"no identity":          {ca, "identity token"},
		"another key":          {append([]string{"-identity-key", filepath.Join(dir, "stranger.pem")}, ca...), "identity token"},
		"a public key":         {append([]string{"-identity-key", filepath.Join(dir, "backend.pub.pem")}, ca...), "-identity-key"},
		"no certificate":       {append(key, "-ca", filepath.Join(dir, "backend.pem")), "-ca"},
	} {
		if line, status := smoke(c.args...); status != 2 || !strings.HasPrefix(line, "FAILED ") || !strings.Contains(line, c.want) {
			t.Errorf("%s: %d, %s; want 2 and %q", what, status, line, c.want)
		}
	}
	fleet.Stop(children[:1], fleet.StopTimeout)
	if line, status := smoke(append(key, ca...)...); status != 2 || !strings.Contains(line, "refused") {
		t.Errorf("without a router: %d, %s", status, line)
	}
}

// writeCertificate makes tls.crt, which signs itself, and tls.key.
func writeCertificate(t *testing.T, dir string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "smoke"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(nil, c, c, public, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		t.Fatal(err)
	}
}
