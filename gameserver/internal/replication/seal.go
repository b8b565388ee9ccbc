package replication

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/ringside-go/ringside/proto"
)

// sealed encrypts and authenticates what goes over a connection once the handshake is done. Each Write becomes a frame:
//
//	length of what follows u32 little endian | AES-256-GCM of the bytes, with its tag of 16 bytes
//
// The nonce is the number of the frame in its direction, from 0, so a frame that is missing, repeated, moved or changed
// ends the connection, and so does a wrong length. Read and Write may be used by one goroutine each.
type sealed struct {
	w          io.Writer
	r          *bufio.Reader
	seal, open cipher.AEAD
	sent, got  nonce // of the next frame

	out   []byte // the frame being written
	in    []byte // the frame being read
	plain []byte // what was opened and is not read yet; aliases in
}

const (
	frameHead = 4
	gcmTag    = 16
)

// newSealed derives the keys of both directions from the cluster key and the two hello records, whose nonces make them unique to
// this connection. mine and theirs are the roles of the two sides.
func newSealed(w io.Writer, r *bufio.Reader, key []byte, mine, theirs string, dialler, acceptor []byte) (*sealed, error) {
	h := sha256.New()
	h.Write(dialler)
	h.Write(acceptor)
	salt := h.Sum(nil)
	seal, err := newAEAD(key, salt, mine)
	if err != nil {
		return nil, err
	}
	open, err := newAEAD(key, salt, theirs)
	if err != nil {
		return nil, err
	}
	return &sealed{w: w, r: r, seal: seal, open: open}, nil
}

func newAEAD(key, salt []byte, role string) (cipher.AEAD, error) {
	k, err := hkdf.Key(sha256.New, key, salt, role+" seal", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// nonce is the number of a frame in its direction, big endian in the last eight bytes.
type nonce [12]byte

func (n *nonce) next() { binary.BigEndian.PutUint64(n[4:], binary.BigEndian.Uint64(n[4:])+1) }

// Write sends p, of at most maxFrame bytes, as one frame.
func (s *sealed) Write(p []byte) (int, error) {
	s.out = binary.LittleEndian.AppendUint32(s.out[:0], uint32(len(p)+gcmTag))
	s.out = s.seal.Seal(s.out, s.sent[:], p, nil)
	s.sent.next()
	if _, err := s.w.Write(s.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (s *sealed) Read(p []byte) (int, error) {
	for len(s.plain) == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.plain)
	s.plain = s.plain[n:]
	return n, nil
}

// next opens a frame in place.
func (s *sealed) next() error {
	head, err := s.r.Peek(frameHead)
	if err != nil {
		if len(head) > 0 {
			return noEOF(err)
		}
		return err
	}
	size := int(binary.LittleEndian.Uint32(head))
	if size <= gcmTag || size > maxFrame+gcmTag {
		return fmt.Errorf("sealed frame of %d bytes, %d to %d are allowed: %w", size, gcmTag+1, maxFrame+gcmTag, proto.ErrRange)
	}
	if cap(s.in) < frameHead+size {
		s.in = make([]byte, frameHead+size)
	}
	s.in = s.in[:frameHead+size]
	if _, err := io.ReadFull(s.r, s.in); err != nil {
		return noEOF(err)
	}
	s.plain, err = s.open.Open(s.in[frameHead:frameHead], s.got[:], s.in[frameHead:], nil)
	if err != nil {
		return fmt.Errorf("sealed frame %x is not of this link: %w", s.got, err)
	}
	s.got.next()
	return nil
}
