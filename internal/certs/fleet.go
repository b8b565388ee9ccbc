package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// FleetFiles are the PEM files of a Fleet.
type FleetFiles struct {
	// Cert holds either this process's own certificate, with the ones between it and the CA, or the fleet's CA. With the CA
	// the process issues its own certificate, so one file serves all processes, and each that has the file can take any name.
	Cert string
	Key  string // the private key of Cert's first certificate
	// CA holds the certificates of the CAs that this process trusts: one, or two while the CA is replaced. Empty: those in
	// Cert, if its first one is a CA.
	CA string
}

// ID is the name of a process in its certificate, a URI in the subject alternative names: ringside://ROLE/NAME.
type ID string

// NewID is the ID of a member, by its role and name in membership.
func NewID(role, name string) ID { return ID("ringside://" + role + "/" + name) }

// Name returns the name of a member of that role.
func (id ID) Name(role string) (string, bool) {
	return strings.CutPrefix(string(id), string(NewID(role, "")))
}

// Errors of handshakes with a Config, for errors.Is.
var (
	// ErrStranger: the other side has no certificate, or not of this fleet's CA.
	ErrStranger = errors.New("certificate is not of this fleet")
	// ErrOtherProcess: the other side has proved that it is another process of this fleet.
	ErrOtherProcess = errors.New("another process of this fleet answers")
)

// Fleet is how a process proves its ID to other processes of its fleet, and checks theirs: TLS 1.3, a certificate of the
// fleet's CA on both sides. Its methods may be called from any goroutine.
type Fleet struct {
	id    ID
	files *Files[*authority]

	mu     sync.Mutex
	issuer *authority       // of own
	own    *tls.Certificate // issued by this process; nil: the files have it
}

// authority is what the files say.
type authority struct {
	pair  tls.Certificate
	roots *x509.CertPool
}

// LoadFleet reads the files for the process id. Two empty names of Cert and Key give nil: a fleet without certificates.
func LoadFleet(f FleetFiles, id ID, logger *slog.Logger) (*Fleet, error) {
	switch {
	case f == FleetFiles{}:
		return nil, nil
	case f.Cert == "" || f.Key == "":
		return nil, errors.New("-fleet-cert and -fleet-key go together; give both or neither")
	}
	files, err := Watch("fleet certificate", []string{f.Cert, f.Key, f.CA}, func() (*authority, error) { return f.read(id) }, logger)
	if err != nil {
		return nil, err
	}
	return &Fleet{id: id, files: files}, nil
}

func (f FleetFiles) read(id ID) (*authority, error) {
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("-fleet-cert %s with -fleet-key %s: %w", f.Cert, f.Key, err)
	}
	a := &authority{pair: pair, roots: x509.NewCertPool()}
	switch {
	case f.CA != "":
		b, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, fmt.Errorf("-fleet-ca: %w", err)
		}
		if err := addRoots(a.roots, b); err != nil {
			return nil, fmt.Errorf("-fleet-ca %s: %w", f.CA, err)
		}
	case pair.Leaf.IsCA:
		for _, der := range pair.Certificate {
			root, err := x509.ParseCertificate(der)
			if err != nil {
				return nil, fmt.Errorf("-fleet-cert %s: %w", f.Cert, err)
			}
			a.roots.AddCert(root)
		}
	default:
		return nil, fmt.Errorf("-fleet-cert %s is not a CA; give the CA's certificate as -fleet-ca", f.Cert)
	}
	own := a.pair
	if pair.Leaf.IsCA {
		issued, err := a.issue(id)
		if err != nil {
			return nil, fmt.Errorf("-fleet-cert %s: %w", f.Cert, err)
		}
		own = *issued
	}
	if got, err := a.verify(own.Leaf, own.Certificate[1:]); err != nil {
		return nil, fmt.Errorf("-fleet-cert %s: %w", f.Cert, err)
	} else if got != id {
		return nil, fmt.Errorf("-fleet-cert %s is the certificate of %s, but this process is %s", f.Cert, got, id)
	}
	return a, nil
}

func addRoots(roots *x509.CertPool, text []byte) error {
	for n := 0; ; n++ {
		block, rest := pem.Decode(text)
		if block == nil && n == 0 {
			return errors.New("no PEM certificate in it")
		}
		if block == nil {
			return nil
		}
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return err
		}
		roots.AddCert(root)
		text = rest
	}
}

// Config is for one handshake with peer, or with any process of the fleet if peer is empty. It serves both sides of TLS.
func (f *Fleet) Config(peer ID) *tls.Config {
	return &tls.Config{
		MinVersion:                  tls.VersionTLS13,
		SessionTicketsDisabled:      true, // each handshake checks the certificates as they are then
		DynamicRecordSizingDisabled: true, // one record a write
		GetCertificate:              func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.certificate() },
		GetClientCertificate:        func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return f.certificate() },
		ClientAuth:                  tls.RequireAnyClientCert,
		InsecureSkipVerify:          true, // of host names, of which a member has none; VerifyConnection verifies the rest
		VerifyConnection: func(s tls.ConnectionState) error {
			got, err := f.Peer(s)
			if err == nil && peer != "" && got != peer {
				return fmt.Errorf("%w: %s in place of %s", ErrOtherProcess, got, peer)
			}
			return err
		},
	}
}

// Peer returns the ID that the other side of a connection has proved.
func (f *Fleet) Peer(s tls.ConnectionState) (ID, error) {
	if len(s.PeerCertificates) == 0 {
		return "", fmt.Errorf("%w: it shows none", ErrStranger)
	}
	var between [][]byte
	for _, c := range s.PeerCertificates[1:] {
		between = append(between, c.Raw)
	}
	return f.files.Get().verify(s.PeerCertificates[0], between)
}

// verify checks that the CA has signed leaf, directly or through between, and returns the ID that it names.
func (a *authority) verify(leaf *x509.Certificate, between [][]byte) (ID, error) {
	pool := x509.NewCertPool()
	for _, der := range between {
		if c, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(c)
		}
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: a.roots, Intermediates: pool, CurrentTime: time.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		return "", fmt.Errorf("%w: %w", ErrStranger, err)
	}
	i := slices.IndexFunc(leaf.URIs, func(u *url.URL) bool { return u.Scheme == "ringside" })
	if i < 0 || leaf.IsCA {
		return "", fmt.Errorf("%w: it names no process, as the URI ringside://ROLE/NAME would", ErrStranger)
	}
	return ID(leaf.URIs[i].String()), nil
}

// Expires is the end of the newest certificate in the files: this process's own, or the CA's with which it issues its own.
func (f *Fleet) Expires() time.Time { return f.files.Get().pair.Leaf.NotAfter }

// certificate is what this process shows.
func (f *Fleet) certificate() (*tls.Certificate, error) {
	a := f.files.Get()
	if !a.pair.Leaf.IsCA {
		return &a.pair, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.issuer == a && time.Until(f.own.Leaf.NotAfter) > issuedLife/2 {
		return f.own, nil
	}
	own, err := a.issue(f.id)
	if err == nil {
		f.issuer, f.own = a, own
	}
	return own, err
}
