package spool

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

// A spool file is its magic followed by records, little-endian:
//
//	length u32, of what follows the checksum | CRC-32C u32, of the length and what follows | instance u64 | match u32 | body
//
// The checksum covers the length, so that a tail of zeros is no record.
const (
	magic     = "ringspl\x01" // the last byte is the version
	header    = 4 + 4
	idBytes   = 8 + 4
	maxRecord = idBytes + MaxBody
)

// MaxBody bounds a record's body, in bytes: an outcome and its epoch.
const MaxBody = outcome.MaxBody + 1024

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Record is one outcome. Its body is opaque here.
type Record struct {
	Key  uint64 // given by Queue or Open, for Acknowledge. Not in the file
	ID   outcome.ID
	Body []byte
}

// size is the record's length in the file.
func (r *Record) size() int64 { return int64(header + idBytes + len(r.Body)) }

func appendRecord(b []byte, r *Record) []byte {
	at := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(idBytes+len(r.Body)))
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.ID.Instance))
	b = binary.LittleEndian.AppendUint32(b, r.ID.Match)
	b = append(b, r.Body...)
	binary.LittleEndian.PutUint32(b[at+4:], checksum(b[at:]))
	return b
}

// checksum is that of the record at the beginning of b, which ends where b ends.
func checksum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:4], castagnoli), castagnoli, b[header:])
}

// parseRecord reads the record at the beginning of b. Its body aliases b. size is 0 if no valid record begins there.
func parseRecord(b []byte) (r Record, size int) {
	if len(b) < header+idBytes {
		return r, 0
	}
	length := binary.LittleEndian.Uint32(b)
	if length < idBytes || length > maxRecord || int(length) > len(b)-header {
		return r, 0
	}
	size = header + int(length)
	if binary.LittleEndian.Uint32(b[4:]) != checksum(b[:size]) {
		return r, 0
	}
	r.ID = outcome.ID{Instance: proto.Instance(binary.LittleEndian.Uint64(b[header:])), Match: binary.LittleEndian.Uint32(b[header+8:])}
	r.Body = b[header+idBytes : size]
	return r, size
}

// parse reads the records of a file, without its magic. damaged counts the bytes that are in none: a torn tail, or a fault of
// the disk. Records behind such a fault are found again, because each was reported durable.
func parse(b []byte) (records []Record, damaged int) {
	for at := 0; at < len(b); {
		r, size := parseRecord(b[at:])
		if size == 0 {
			damaged++
			at++
			continue
		}
		records = append(records, r)
		at += size
	}
	return records, damaged
}
