package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var discard = slog.New(slog.DiscardHandler)

// writeCA writes a CA and returns its files.
func writeCA(t *testing.T) FleetFiles {
	t.Helper()
	f, err := WriteCA(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func load(t *testing.T, f FleetFiles, id ID) *Fleet {
	t.Helper()
	fleet, err := LoadFleet(f, id, discard)
	if err != nil {
		t.Fatal(err)
	}
	return fleet
}

// meet does a handshake and exchanges a byte. It returns what each side says, and whom the acceptor took the dialler for.
func meet(t *testing.T, dialler, acceptor *tls.Config, seen *Fleet) (who ID, dial, accept error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	_, _ = a.SetDeadline(deadline), b.SetDeadline(deadline)
	done := make(chan struct{})
	go func() {
		defer close(done)
		server := tls.Server(b, acceptor)
		_, accept = server.Read(make([]byte, 1))
		if accept == nil {
			who, accept = seen.Peer(server.ConnectionState())
			_, _ = server.Write([]byte{1})
		}
		_ = b.Close()
	}()
	client := tls.Client(a, dialler)
	_, dial = client.Write([]byte{1})
	if dial == nil {
		_, dial = client.Read(make([]byte, 1))
	}
	_ = a.Close()
	<-done
	return who, dial, accept
}

func TestFleetProvesNames(t *testing.T) {
	ours := writeCA(t)
	one, two := load(t, ours, NewID("gameserver", "gs-1")), load(t, ours, NewID("router", "router-1"))
	if who, dial, accept := meet(t, two.Config("ringside://gameserver/gs-1"), one.Config(""), one); dial != nil || accept != nil || who != "ringside://router/router-1" {
		t.Errorf("the fleet's own: %v, %v, %q", dial, accept, who)
	}
	if _, dial, _ := meet(t, two.Config("ringside://gameserver/gs-2"), one.Config(""), one); !errors.Is(dial, ErrOtherProcess) {
		t.Errorf("gs-1 in place of gs-2: %v", dial)
	}
	stranger := load(t, writeCA(t), NewID("router", "router-1"))
	if _, dial, accept := meet(t, stranger.Config(""), one.Config(""), one); !errors.Is(dial, ErrStranger) || accept == nil {
		t.Errorf("another fleet's process dials: %v, %v", dial, accept)
	}
	// It takes anybody for a member, so the acceptor's check decides.
	blind := stranger.Config("")
	blind.VerifyConnection = nil
	if _, dial, accept := meet(t, blind, one.Config(""), one); !errors.Is(accept, ErrStranger) || dial == nil {
		t.Errorf("another fleet's process dials blindly: %v, %v", dial, accept)
	}
	none := &tls.Config{InsecureSkipVerify: true}
	if _, dial, accept := meet(t, none, one.Config(""), one); accept == nil || dial == nil {
		t.Errorf("a client without a certificate: %v, %v", dial, accept)
	}
	old := two.Config("")
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if _, _, accept := meet(t, old, one.Config(""), one); accept == nil {
		t.Error("TLS 1.2 is taken, which has no forward secrecy in all its forms")
	}
}

// leaf writes a certificate for id that the CA in files has signed, valid for a time.
func leaf(t *testing.T, files FleetFiles, dir string, id ID, valid time.Duration) FleetFiles {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	name, err := url.Parse(string(id))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{Subject: pkix.Name{CommonName: "x"}, URIs: []*url.URL{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(valid)}
	der, key, err := sign(c, pair.Leaf, pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	f := FleetFiles{CA: files.Cert, Cert: filepath.Join(dir, "own.crt"), Key: filepath.Join(dir, "own.key")}
	write(t, f.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, f.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	return f
}

// A process with a certificate of its own cannot be another one.
func TestFleetWithCertificatesOfTheirOwn(t *testing.T) {
	ca := writeCA(t)
	id := NewID("gameserver", "gs-1")
	own := leaf(t, ca, t.TempDir(), id, time.Hour)
	one, two := load(t, own, id), load(t, ca, NewID("gameserver", "gs-2"))
	if who, dial, accept := meet(t, one.Config("ringside://gameserver/gs-2"), two.Config(""), two); dial != nil || accept != nil || who != id {
		t.Errorf("%v, %v, %q", dial, accept, who)
	}
	for name, c := range map[string]struct {
		files FleetFiles
		id    ID
		want  string
	}{
		"another name":    {own, NewID("gameserver", "gs-3"), "is the certificate of ringside://gameserver/gs-1, but this process is ringside://gameserver/gs-3"},
		"expired":         {leaf(t, ca, t.TempDir(), id, -time.Minute), id, "expired"},
		"another CA":      {FleetFiles{Cert: own.Cert, Key: own.Key, CA: writeCA(t).Cert}, id, "not of this fleet"},
		"no CA":           {FleetFiles{Cert: own.Cert, Key: own.Key}, id, "-fleet-ca"},
		"no key":          {FleetFiles{Cert: own.Cert}, id, "go together"},
		"only a CA":       {FleetFiles{CA: ca.Cert}, id, "go together"},
		"no such file":    {FleetFiles{Cert: own.Cert, Key: filepath.Join(t.TempDir(), "none")}, id, "no such file"},
		"another's key":   {FleetFiles{Cert: own.Cert, Key: ca.Key, CA: ca.Cert}, id, "does not match"},
		"a key as the CA": {FleetFiles{Cert: own.Cert, Key: own.Key, CA: own.Key}, id, "-fleet-ca"},
		"a host's name":   {leaf(t, ca, t.TempDir(), "https://gs-1", time.Hour), id, "names no process"},
		"not even a PEM":  {FleetFiles{Cert: own.Cert, Key: own.Key, CA: "fleet_test.go"}, id, "no PEM certificate"},
		"no files":        {FleetFiles{}, id, ""},
	} {
		fleet, err := LoadFleet(c.files, c.id, discard)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if c.want == "" && fleet != nil {
			t.Errorf("no files give %v", fleet)
		}
	}
}

// The CA is replaced in three steps, each of which every process takes at its own time.
func TestFleetChangesItsCA(t *testing.T) {
	oldCA, newCAFiles := writeCA(t), writeCA(t)
	read := func(files ...string) (all []byte) {
		for _, f := range files {
			all = append(all, readFile(t, f)...)
		}
		return all
	}
	type step struct{ cert, key []byte }
	steps := []step{
		{read(oldCA.Cert), read(oldCA.Key)},
		{read(oldCA.Cert, newCAFiles.Cert), read(oldCA.Key)},
		{read(newCAFiles.Cert, oldCA.Cert), read(newCAFiles.Key)},
		{read(newCAFiles.Cert), read(newCAFiles.Key)},
	}
	member := func(name string) (*Fleet, func(step)) {
		f := writeCA(t)
		put := func(s step) {
			write(t, f.Cert, s.cert)
			write(t, f.Key, s.key)
		}
		put(steps[0])
		fleet := load(t, f, NewID("gameserver", name))
		return fleet, func(s step) {
			put(s)
			fleet.files.passed()
		}
	}
	one, moveOne := member("gs-1")
	two, moveTwo := member("gs-2")
	both := func(when string, n int) {
		t.Helper()
		if _, dial, accept := meet(t, one.Config(two.id), two.Config(one.id), two); dial != nil || accept != nil {
			t.Errorf("step %d, %s: %v, %v", n, when, dial, accept)
		}
	}
	for n, s := range steps[1:] {
		moveOne(s)
		both("one has it", n+1)
		moveTwo(s)
		both("both have it", n+1)
	}
	moveOne(steps[0])
	if _, dial, accept := meet(t, one.Config(two.id), two.Config(one.id), two); dial == nil || accept == nil {
		t.Errorf("the old CA is still trusted: %v, %v", dial, accept)
	}
}

// A certificate that a process has issued to itself is renewed long before it ends.
func TestIssuedCertificatesAreRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := writeCA(t)
		one, two := load(t, ca, NewID("gameserver", "gs-1")), load(t, ca, NewID("gameserver", "gs-2"))
		serials := map[string]bool{}
		for range 10 {
			own, err := one.certificate()
			if err != nil {
				t.Fatal(err)
			}
			serials[own.Leaf.SerialNumber.String()] = true
			if left := time.Until(own.Leaf.NotAfter); left < issuedLife/2-time.Hour {
				t.Errorf("%v are left of a certificate that is shown", left)
			}
			if id, err := two.files.Get().verify(own.Leaf, nil); id != one.id || err != nil {
				t.Errorf("%q, %v", id, err)
			}
			time.Sleep(issuedLife / 4)
		}
		if len(serials) < 4 || len(serials) > 6 {
			t.Errorf("%d certificates in 2.5 days, want 5", len(serials))
		}
	})
}

// On one port, members speak TLS and others in the clear.
func TestListener(t *testing.T) {
	ca := writeCA(t)
	server, router := load(t, ca, NewID("gameserver", "gs-1")), load(t, ca, NewID("router", "r-1"))
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := server.Listener(inner)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	echo := func(c net.Conn) (string, error) {
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Write([]byte("hello")); err != nil {
			return "", err
		}
		b := make([]byte, 5)
		_, err := io.ReadFull(c, b)
		return string(b), err
	}
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if got, err := echo(dial()); got != "hello" || err != nil {
		t.Errorf("in the clear: %q, %v", got, err)
	}
	if got, err := echo(tls.Client(dial(), router.Config(server.id))); got != "hello" || err != nil {
		t.Errorf("a member: %q, %v", got, err)
	}
	if got, err := echo(tls.Client(dial(), &tls.Config{InsecureSkipVerify: true})); err == nil {
		t.Errorf("TLS without a certificate: %q", got)
	}
	if got, err := echo(tls.Client(dial(), router.Config("ringside://gameserver/gs-2"))); !errors.Is(err, ErrOtherProcess) {
		t.Errorf("a dialler that wants another server: %q, %v", got, err)
	}
}

func TestWatchedFilesOfNoName(t *testing.T) {
	var log bytes.Buffer
	n := 0
	f, err := Watch("number", []string{"", ""}, func() (int, error) { n++; return n, nil }, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	f.passed()
	if got := f.Get(); got != 1 || log.Len() > 0 {
		t.Errorf("without a file it is read again: %d, %s", got, &log)
	}
}
