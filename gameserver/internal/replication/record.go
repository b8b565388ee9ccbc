package replication

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/ringside-go/ringside/proto"
)

// readRecord reads one record. The body is read into buf where it fits and is valid until buf is used again. A body
// longer than limit is an error before anything is allocated for it.
func readRecord(r *bufio.Reader, buf []byte, limit int) (k proto.Kind, body []byte, err error) {
	kind, err := r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return 0, nil, fmt.Errorf("record %#x: length: %w", kind, noEOF(err))
	}
	if n > uint64(limit) {
		return 0, nil, fmt.Errorf("record %#x of %d bytes, at most %d are allowed: %w", kind, n, limit, proto.ErrRange)
	}
	if uint64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(r, buf); err != nil {
		return 0, nil, fmt.Errorf("record %#x: %w", kind, noEOF(err))
	}
	return proto.Kind(kind), buf, nil
}

// noEOF turns an EOF within a record into io.ErrUnexpectedEOF: a connection may end between records only.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
