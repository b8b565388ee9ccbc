package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

const (
	// issuedLife is how long a certificate is valid that a process issues to itself. It issues another after half of it.
	issuedLife = 24 * time.Hour
	// backdated is how far the clocks of two members may be apart.
	backdated = time.Hour
	// caLife is how long a CA is valid.
	caLife = 10 * 365 * 24 * time.Hour
)

// issue makes a key and a certificate for id, which a's CA signs.
func (a *authority) issue(id ID) (*tls.Certificate, error) {
	name, err := url.Parse(string(id))
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		Subject: pkix.Name{CommonName: string(id)}, URIs: []*url.URL{name},
		NotBefore: time.Now().Add(-backdated), NotAfter: time.Now().Add(issuedLife),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, key, err := sign(c, a.pair.Leaf, a.pair.PrivateKey)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// newCA makes a fleet's CA, as PEM for FleetFiles.Cert and Key.
func newCA() (certificate, key []byte, err error) {
	c := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Ringside fleet CA"},
		NotBefore: time.Now().Add(-backdated), NotAfter: time.Now().Add(caLife),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	der, private, err := sign(c, c, nil)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}

// WriteCA makes a fleet's CA and writes it to files in dir, ca.crt and ca.key, which only this user can read.
func WriteCA(dir string) (FleetFiles, error) {
	certificate, key, err := newCA()
	if err != nil {
		return FleetFiles{}, err
	}
	f := FleetFiles{Cert: filepath.Join(dir, "ca.crt"), Key: filepath.Join(dir, "ca.key")}
	if err := os.WriteFile(f.Cert, certificate, 0o600); err != nil {
		return FleetFiles{}, err
	}
	return f, os.WriteFile(f.Key, key, 0o600)
}

// sign makes a key for c and has parent sign c; without a parent's key, c's own.
func sign(c, parent *x509.Certificate, by crypto.PrivateKey) (der []byte, key *ecdsa.PrivateKey, err error) {
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, nil, err
	}
	if by == nil {
		by = key
	}
	der, err = x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	return der, key, err
}
