package server

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/flags"
	"github.com/ringside-go/ringside/internal/ticket"
)

// Every setting reaches the Config, from flags, variables and files.
func TestConfigure(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	_, public, err := ticket.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	pair := selfSigned(t)
	secret, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	key := bytes.Repeat([]byte{7}, 32)
	env := []string{
		"RINGSIDE_ZONE=z", "RINGSIDE_STANDBYS=2", "RINGSIDE_NAME=not this one",
		"RINGSIDE_CLUSTER_KEY_FILE=" + file("cluster", []byte(base64.StdEncoding.EncodeToString(key))),
		"RINGSIDE_ADMIN_TOKEN_FILE=" + file("admin", []byte("a token of some bytes\n")),
		"RINGSIDE_TICKET_KEYS=" + file("a.pem", public) + "," + file("b.pem", public),
		"RINGSIDE_TLS_CERT=" + file("tls.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})),
	}
	args := []string{"-name=gs-1", "-listen=:1", "-inside=:2", "-public-url=http://x", "-gossip=:3", "-peer=:4", "-advertise=1.2.3.4",
		"-seeds=a:1,b:2", "-cluster=c", "-drain=7s", "-idle-room=9s", "-unplayed-room=3s", "-max-replicas=9", "-max-busy=0.7", "-poll=false", "-fleet-cert=own.crt", "-fleet-key=own.key", "-fleet-ca=ca.crt",
		"-max-handshakes=5", "-max-handshakes-per-address=6", "-max-gossip-streams=7", "-max-gossip-streams-per-address=8", "-checks", "-migrates=00000000000000aa,0123456789abcdef",
		"-tls-key=" + file("tls.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))}
	c, show, err := configure("game", args, env, io.Discard)
	if err != nil || show != "" {
		t.Fatal(show, err)
	}
	for what, ok := range map[string]bool{
		"name and zone":     c.Name == "gs-1" && c.Zone == "z" && c.Version == flags.Version(),
		"busy":              c.Limits.Busy == 0.7,
		"addresses":         c.Listen == ":1" && c.Internal == ":2" && c.PublicURL == "http://x",
		"fleet":             c.Fleet.Gossip == ":3" && c.Fleet.Peer == ":4" && c.Fleet.Advertise == "1.2.3.4" && c.Fleet.Cluster == "c",
		"seeds":             len(c.Fleet.Seeds) == 2 && c.Fleet.Seeds[1] == "b:2",
		"cluster key":       len(c.Fleet.Keys()) == 1 && bytes.Equal(c.Fleet.Keys()[0], key),
		"ticket keys":       len(c.Security.TicketKeys) == 2,
		"token":             c.Security.AdminToken == "a token of some bytes",
		"standbys, drain":   c.Standbys == 2 && c.DrainTimeout == 7*time.Second,
		"rooms end":         c.Limits.IdleRoom == 9*time.Second && c.Limits.Unplayed == 3*time.Second,
		"replicas":          c.Limits.Replicas == 9,
		"migrates":          len(c.Migrates) == 2 && c.Migrates[0] == 0xaa && c.Migrates[1] == 0x123456789abcdef,
		"certificate":       c.Fleet.Cert == "own.crt" && c.Fleet.CertKey == "own.key" && c.Fleet.CA == "ca.crt",
		"handshakes":        c.Limits.Handshakes == 5 && c.Limits.HandshakesPerAddress == 6,
		"gossip streams":    c.Limits.Streams == 7 && c.Limits.StreamsPerAddress == 8,
		"checks, poll":      c.Testing.Checks && c.Testing.NoPolling,
		"TLS":               c.Security.TLS != nil && c.Security.TLS.GetCertificate != nil, // reads the files again when they change
		"a logger of ours":  c.Logger != DefaultConfig().Logger,
		"it can be started": c.Validate() == nil,
	} {
		if !ok {
			t.Errorf("%s: %+v", what, c)
		}
	}
}
