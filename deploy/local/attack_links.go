package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/ringside-go/ringside/internal/certs"
)

func linkAttacks() []attack {
	return []attack{
		{row: "tls", short: true, run: forgeCertificates, did: "TLS to a server's peer port and internal listener: of version 1.2, with no certificate, with certificates that are expired, not yet valid, of another CA, a CA's own, and of names that are no server's",
			must: "refused before a byte is told; a certificate of the fleet's CA for a server's name is taken"},
		{row: "rotate", run: changeCA, did: "the fleet's CA is replaced under play, then a server is killed and started again, then a certificate of the old CA is shown", harm: harm{gap: 10 * time.Second, moves: true},
			must: "links and tunnels live on, the server is linked again, and the old CA is worth nothing"},
	}
}

// forgery is a certificate that somebody shows to a server of the fleet.
type forgery struct {
	name    string
	id      string // the URI that it names; empty: none
	from    time.Duration
	to      time.Duration
	other   bool // signed by another CA
	isCA    bool
	bare    bool // no certificate is shown
	version uint16
	taken   bool // the server must take it, or the attack shows nothing
}

// forgeries are what is shown to a game server as another game server, or, by TLS's client, as a router.
func forgeries(role string) []forgery {
	valid := forgery{id: "ringside://" + role + "/forged-1", from: -time.Hour, to: time.Hour}
	change := func(name string, f func(*forgery)) forgery {
		c := valid
		c.name = name
		f(&c)
		return c
	}
	return []forgery{
		change("of the fleet", func(f *forgery) { f.taken = true }),
		change("TLS 1.2", func(f *forgery) { f.version = tls.VersionTLS12 }),
		change("expired", func(f *forgery) { f.to = -time.Minute }),
		change("not yet valid", func(f *forgery) { f.from = 30 * time.Minute }),
		change("of another CA", func(f *forgery) { f.other = true }),
		change("a CA's own", func(f *forgery) { f.isCA = true }),
		change("a host's name", func(f *forgery) { f.id = "https://game-2" }),
		change("without a name", func(f *forgery) { f.id = "" }),
		change("none", func(f *forgery) { f.bare = true }),
	}
}

// make signs the certificate with the CA in dir.
func (f forgery) make(dir string) (tls.Certificate, error) {
	if f.bare {
		return tls.Certificate{}, nil
	}
	ca, err := tls.LoadX509KeyPair(filepath.Join(dir, "ca.crt"), filepath.Join(dir, "ca.key"))
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	c := &x509.Certificate{
		Subject: pkix.Name{CommonName: "forged"}, NotBefore: time.Now().Add(f.from), NotAfter: time.Now().Add(f.to),
		KeyUsage: x509.KeyUsageDigitalSignature, IsCA: f.isCA, BasicConstraintsValid: true,
	}
	if f.id != "" {
		id, err := url.Parse(f.id)
		if err != nil {
			return tls.Certificate{}, err
		}
		c.URIs = []*url.URL{id}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, ca.Leaf, key.Public(), ca.PrivateKey)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// show shows the certificate at addr: as TLS's server at a peer port, as its client at an internal listener. It reports whether the
// other side took it, and what it told after the handshake.
func (f forgery) show(ctx context.Context, dir, addr string, dials bool) (taken bool, told []byte, err error) {
	if f.other {
		if dir, err = os.MkdirTemp(dir, "other-"); err != nil {
			return false, nil, err
		}
		if _, err := certs.WriteCA(dir); err != nil {
			return false, nil, err
		}
	}
	own, err := f.make(dir)
	if err != nil {
		return false, nil, err
	}
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false, nil, err
	}
	defer nc.Close()
	config := &tls.Config{MaxVersion: f.version, InsecureSkipVerify: true, ClientAuth: tls.RequestClientCert}
	if !f.bare {
		config.Certificates = []tls.Certificate{own}
	}
	side := tls.Server
	if dials {
		side = tls.Client
	}
	c := side(nc, config)
	_ = c.SetDeadline(time.Now().Add(strangerTimeout))
	if c.Handshake() != nil {
		return false, nil, nil
	}
	// A side of TLS 1.3 may learn only now that the other one has refused. One that was taken hears nothing, and waits.
	_ = c.SetDeadline(time.Now().Add(time.Second))
	told, err = io.ReadAll(c)
	return errors.Is(err, os.ErrDeadlineExceeded), told, nil
}

// showAll shows every forgery to a peer port and an internal listener.
func (s *siege) showAll(ctx context.Context) (n int, err error) {
	for _, port := range []struct {
		role, addr string
		dials      bool
	}{
		{"gameserver", s.peers["game-1"], false},
		{"router", s.bed.site.addr["game-1"].HTTP, true},
	} {
		for _, f := range forgeries(port.role) {
			taken, told, err := f.show(ctx, s.dir, port.addr, port.dials)
			switch {
			case err != nil:
				return n, err
			case taken != f.taken:
				return n, fmt.Errorf("%s at %s: it was taken: %t", f.name, port.addr, taken)
			case !taken && len(told) > 0:
				return n, fmt.Errorf("%s at %s was told %q", f.name, port.addr, told)
			}
			n++
		}
	}
	return n, nil
}

// forgeCertificates shows certificates that are worth nothing, and one that is.
func forgeCertificates(ctx context.Context, s *siege) (string, error) {
	n, err := s.showAll(ctx)
	return fmt.Sprintf("%d handshakes, those of 2 certificates of the fleet were taken", n), err
}

// changeCA replaces the CA in the three steps of the documentation.
func changeCA(ctx context.Context, s *siege) (string, error) {
	dirs := map[string]string{"old": s.dir}
	pem := map[string][]byte{}
	for _, ca := range []string{"old", "new"} {
		dir, err := os.MkdirTemp(s.dir, ca+"-")
		if err != nil {
			return "", err
		}
		if ca == "new" {
			if _, err := certs.WriteCA(dir); err != nil {
				return "", err
			}
			dirs[ca] = dir
		}
		for _, name := range []string{"ca.crt", "ca.key"} {
			if pem[ca+name], err = os.ReadFile(filepath.Join(dirs[ca], name)); err != nil {
				return "", err
			}
			if err := os.WriteFile(filepath.Join(dir, name), pem[ca+name], 0o600); err != nil {
				return "", err
			}
		}
		dirs[ca] = dir
	}
	for _, step := range []struct{ cert, key []byte }{
		{slices.Concat(pem["oldca.crt"], pem["newca.crt"]), pem["oldca.key"]},
		{slices.Concat(pem["newca.crt"], pem["oldca.crt"]), pem["newca.key"]},
		{pem["newca.crt"], pem["newca.key"]},
	} {
		// A process that reads between the two writes finds that they do not match, keeps what it has, and reads again.
		for name, text := range map[string][]byte{"ca.key": step.key, "ca.crt": step.cert} {
			if err := os.WriteFile(filepath.Join(s.dir, name), text, 0o600); err != nil {
				return "", err
			}
		}
		if err := pauseFor(ctx, 12*time.Second); err != nil { // files are looked at every 10 s
			return "", err
		}
	}
	s.bed.kill("game-2")
	if err := s.bed.start("game-2"); err != nil {
		return "", err
	}
	if err := s.recover(ctx); err != nil {
		return "", fmt.Errorf("a server that starts with the new CA: %w", err)
	}
	of := forgeries("gameserver")[0]
	if taken, _, err := of.show(ctx, dirs["old"], s.peers["game-1"], false); err != nil || taken {
		return "", fmt.Errorf("a certificate of the old CA was taken: %t, %w", taken, err)
	}
	n, err := s.showAll(ctx)
	return fmt.Sprintf("3 steps; the killed server is linked again; %d handshakes as before with the new CA, and the old one is refused", n), err
}
