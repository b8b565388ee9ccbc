package replication

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

func TestReadRecord(t *testing.T) {
	whole := proto.AppendRecord(nil, kindQuery, []byte("body"))
	k, b, err := readRecord(bufio.NewReader(bytes.NewReader(whole)), nil, 4)
	if k != kindQuery || string(b) != "body" || err != nil {
		t.Fatalf("got %#x %q %v", k, b, err)
	}
	if _, _, err := readRecord(bufio.NewReader(bytes.NewReader(whole)), nil, 3); !errors.Is(err, proto.ErrRange) {
		t.Errorf("over the limit: %v", err)
	}
	for n := range whole {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if _, _, err := readRecord(bufio.NewReader(bytes.NewReader(whole[:n])), nil, 4); !errors.Is(err, want) {
			t.Errorf("cut at %d: %v, want %v", n, err, want)
		}
	}
}

// FuzzReadRecord: any bytes are records and then an error, and no record is over the limit.
func FuzzReadRecord(f *testing.F) {
	f.Add(proto.AppendRecord(nil, kindPing, nil))
	f.Add([]byte{0x84, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bufio.NewReader(bytes.NewReader(b))
		var buf []byte
		for {
			_, body, err := readRecord(r, buf, 64)
			if err != nil {
				return
			}
			if len(body) > 64 {
				t.Fatalf("a body of %d bytes", len(body))
			}
			buf = body[:0]
		}
	})
}
