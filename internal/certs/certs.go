// Package certs is TLS from files that somebody else makes and renews: the certificate that clients see (Pair), such as
// cert-manager's in a mounted Secret, and the certificates with which the processes of a fleet know each other (Fleet).
package certs

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
)

// Pair is a certificate with its key in two PEM files. Its methods may be called from any goroutine.
type Pair struct{ files *Files[*tls.Certificate] }

// Load reads the files, of which neither may be missing. Two empty names give nil: TLS is not asked for.
func Load(certFile, keyFile string, logger *slog.Logger) (*Pair, error) {
	switch {
	case certFile == "" && keyFile == "":
		return nil, nil
	case certFile == "" || keyFile == "":
		return nil, errors.New("-tls-cert and -tls-key go together; give both or neither")
	}
	files, err := Watch("TLS certificate", []string{certFile, keyFile}, func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("TLS certificate %s with key %s: %w", certFile, keyFile, err)
		}
		return &pair, nil
	}, logger)
	if err != nil {
		return nil, err
	}
	return &Pair{files}, nil
}

// Config serves the newest certificate to each new connection. The clients' sockets carry WebSockets, so HTTP/1.1 only.
// It is nil for a nil Pair.
func (p *Pair) Config() *tls.Config {
	if p == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.files.Get(), nil },
		// A message is of use when it is whole, so smaller records at first would only cost bytes and writes.
		DynamicRecordSizingDisabled: true,
	}
}
