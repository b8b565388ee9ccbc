package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"net"
	"strings"
	"testing"
)

// Types of TLS records and messages.
const (
	recordAlert     = 21
	recordHandshake = 22
	recordData      = 23

	alertWarning, alertFatal             = 1, 2
	closeNotify, userCanceled, decodeErr = 0, 90, 50
	unexpectedMessage                    = 10
)

// sealed is a client's end of TLS that makes its records itself once the handshake is over, and so can send what crypto/tls
// would not. It reads through crypto/tls.
type sealed struct {
	*tls.Conn
	t      testing.TB
	secret []byte // of TLS 1.3, for key updates
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
	old    bool // TLS 1.2
}

// dialSealed makes s's clients of that version ones with sealed connections.
func (s *setup) dialSealed(version uint16) {
	dial := s.dial
	s.dial = func() net.Conn { return seal(s.t, dial().(*tls.Conn).NetConn(), version) }
}

func seal(t testing.TB, conn net.Conn, version uint16) *sealed {
	t.Helper()
	var keys strings.Builder
	seen := &recorder{Conn: conn}
	c := tls.Client(seen, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, KeyLogWriter: &keys,
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}})
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if suite := c.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 && suite != tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 {
		t.Skipf("crypto/tls chose the suite %s, as on processors without AES", tls.CipherSuiteName(suite))
	}
	s := &sealed{Conn: c, t: t, old: version == tls.VersionTLS12}
	for line := range strings.Lines(keys.String()) {
		f := strings.Fields(line)
		random, _ := hex.DecodeString(f[1])
		secret, _ := hex.DecodeString(f[2])
		switch f[0] {
		case "CLIENT_TRAFFIC_SECRET_0":
			s.use(secret)
		case "CLIENT_RANDOM":
			server := seen.first[11:43] // behind the headers of the record and the message, and the version
			block := prf(secret, "key expansion", append(server, random...), 40)
			s.aead, s.iv, s.seq = newGCM(block[:16]), block[32:36], 1 // Finished was the first
		}
	}
	return s
}

// NetConn is the socket's.
func (s *sealed) NetConn() net.Conn { return s.Conn.NetConn().(*recorder).Conn }

// use takes a traffic secret of TLS 1.3 (RFC 8446, 7.3).
func (s *sealed) use(secret []byte) {
	s.secret, s.aead, s.iv, s.seq = secret, newGCM(label(secret, "key", 16)), label(secret, "iv", 12), 0
}

// updated goes on with the keys that follow a key update.
func (s *sealed) updated() { s.use(label(s.secret, "traffic upd", 32)) }

// record seals a record.
func (s *sealed) record(kind byte, payload []byte) []byte {
	if s.old {
		explicit := binary.BigEndian.AppendUint64(nil, s.seq)
		extra := append(binary.BigEndian.AppendUint64(nil, s.seq), kind, 3, 3, byte(len(payload)>>8), byte(len(payload)))
		s.seq++
		body := s.aead.Seal(explicit, append(s.iv[:4:4], explicit...), payload, extra)
		return append([]byte{kind, 3, 3, byte(len(body) >> 8), byte(len(body))}, body...)
	}
	nonce := append([]byte(nil), s.iv...)
	for i, b := range binary.BigEndian.AppendUint64(nil, s.seq) {
		nonce[4+i] ^= b
	}
	s.seq++
	n := len(payload) + 1 + s.aead.Overhead()
	header := []byte{recordData, 3, 3, byte(n >> 8), byte(n)}
	return s.aead.Seal(header, nonce, append(payload[:len(payload):len(payload)], kind), header)
}

// keyUpdate is the record of a key update, after which the next keys are used.
func (s *sealed) keyUpdate(request byte) []byte {
	defer s.updated()
	return s.record(recordHandshake, []byte{24, 0, 0, 1, request})
}

// Write sends data.
func (s *sealed) Write(b []byte) (int, error) {
	if _, err := s.NetConn().Write(s.record(recordData, b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// raw sends bytes of the socket.
func (s *sealed) raw(b []byte) {
	s.t.Helper()
	if _, err := s.NetConn().Write(b); err != nil {
		s.t.Fatal(err)
	}
}

// recorder keeps what is read first.
type recorder struct {
	net.Conn
	first []byte
}

func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	if len(r.first) < 64 {
		r.first = append(r.first, b[:n]...)
	}
	return n, err
}

func newGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// label is HKDF-Expand-Label without a context.
func label(secret []byte, name string, n int) []byte {
	name = "tls13 " + name
	b, err := hkdf.Expand(sha256.New, secret, string([]byte{0, byte(n), byte(len(name))})+name+"\x00", n)
	if err != nil {
		panic(err)
	}
	return b
}

// prf is that of TLS 1.2 (RFC 5246, 5).
func prf(secret []byte, name string, seed []byte, n int) (out []byte) {
	seed = append([]byte(name), seed...)
	sum := func(b []byte) []byte {
		h := hmac.New(sha256.New, secret)
		h.Write(b)
		return h.Sum(nil)
	}
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(append(a[:len(a):len(a)], seed...))...)
	}
	return out[:n]
}
