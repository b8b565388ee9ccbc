// Package certs serves TLS from files that somebody else renews, such as cert-manager through a mounted Secret.
package certs

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookAgain is the least time between two looks at the files. A renewed certificate overlaps the old one by days.
const lookAgain = 10 * time.Second

// Pair is a certificate with its key in two PEM files. Its methods may be called from any goroutine.
type Pair struct {
	certFile, keyFile string
	logger            *slog.Logger

	mu     sync.Mutex
	last   *tls.Certificate
	stamp  stamp     // of the files that last was read from
	looked time.Time // at the files
}

// stamp tells a file from the one that replaced it.
type stamp struct{ cert, key fileStamp }

type fileStamp struct {
	modified time.Time
	size     int64
}

// Load reads the files, of which neither may be missing. Two empty names give nil: TLS is not asked for.
func Load(certFile, keyFile string, logger *slog.Logger) (*Pair, error) {
	switch {
	case certFile == "" && keyFile == "":
		return nil, nil
	case certFile == "" || keyFile == "":
		return nil, errors.New("-tls-cert and -tls-key go together; give both or neither")
	}
	p := &Pair{certFile: certFile, keyFile: keyFile, logger: logger}
	now, err := p.look()
	if err == nil {
		err = p.read(now)
	}
	return p, err
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
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.certificate(), nil },
	}
}

// certificate reads the files again where they have changed. What cannot be read is told once, and the last certificate
// goes on: it is valid for some time yet.
func (p *Pair) certificate() *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.looked) < lookAgain {
		return p.last
	}
	p.looked = time.Now()
	now, err := p.look()
	if err == nil && now == p.stamp {
		return p.last
	}
	if err == nil {
		err = p.read(now)
	}
	if err != nil {
		p.logger.Error("the new TLS certificate cannot be read; the old one goes on", "error", err, "until", p.last.Leaf.NotAfter)
		p.stamp = now
		return p.last
	}
	p.logger.Info("TLS certificate renewed", "until", p.last.Leaf.NotAfter)
	return p.last
}

func (p *Pair) look() (s stamp, err error) {
	for file, into := range map[string]*fileStamp{p.certFile: &s.cert, p.keyFile: &s.key} {
		info, err := os.Stat(file)
		if err != nil {
			return stamp{}, err
		}
		*into = fileStamp{info.ModTime(), info.Size()}
	}
	return s, nil
}

// read takes the files of stamp now.
func (p *Pair) read(now stamp) error {
	pair, err := tls.LoadX509KeyPair(p.certFile, p.keyFile)
	if err != nil {
		return fmt.Errorf("TLS certificate %s with key %s: %w", p.certFile, p.keyFile, err)
	}
	p.last, p.stamp = &pair, now
	return nil
}
