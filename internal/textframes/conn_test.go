package textframes

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/proto"
)

// frame is a frame of a client.
func frame(head byte, payload string) []byte {
	b := edge.AppendHeader(nil, 0, len(payload))
	b[0] = head
	b[1] |= edge.MaskBit
	key := []byte{1, 2, 3, 4}
	b = append(b, key...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i&3])
	}
	return b
}

const text, final = edge.OpText, edge.FinBit

// script is a socket from which all of in is read, in pieces of size bytes, and which keeps what is written.
type script struct {
	net.Conn
	in   []byte
	size int
	out  bytes.Buffer
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.size)], s.in)
	s.in = s.in[n:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error)      { return s.out.Write(p) }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// Frames come and go in any pieces. Control frames pass as they are; fragments count as frames, and the last one has the message.
func TestPieces(t *testing.T) {
	hello := `{"kind":"hello","ticket":"t"}`
	var want translator
	records, err := want.toServer([]byte(hello))
	if err != nil {
		t.Fatal(err)
	}
	in := bytes.Join([][]byte{frame(final|0xa, "pong"), frame(text, hello[:5]), frame(final|0x9, "ping"), frame(0, hello[5:9]), frame(final, hello[9:]),
		frame(final|text, `[]`), frame(final|0x8, "\x03\xe8bye")}, nil)
	masked := func(head byte, payload []byte) []byte { return appendMasked(nil, head, payload) }
	expect := bytes.Join([][]byte{frame(final|0xa, "pong"), masked(edge.OpBinary, nil), frame(final|0x9, "ping"), masked(0, nil), masked(final, records),
		masked(final|edge.OpBinary, nil), frame(final|0x8, "\x03\xe8bye")}, nil)
	for _, size := range []int{1, 3, 1000} {
		for _, early := range []int{0, 7, len(in)} {
			s := &script{in: bytes.Clone(in[early:]), size: size}
			got, err := io.ReadAll(newConn(s, bytes.Clone(in[:early])))
			if err != nil || !bytes.Equal(got, expect) {
				t.Errorf("in pieces of %d, the first %d bytes early: %q, %v", size, early, got, err)
			}
		}
		s := &script{size: size}
		c := newConn(s, nil)
		said := append(edge.Handshake("dGhlIHNhbXBsZSBub25jZQ==", proto.Subprotocol), edge.AppendHeader(nil, 0x9, 1)...)
		said = append(said, 'p')
		pong := proto.Pong{Micros: 5}.Append(nil)
		said = append(edge.AppendHeader(said, edge.OpBinary, len(pong)), pong...)
		for rest := said; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if n, err := c.Write(rest[:min(size, len(rest))]); n != min(size, len(rest)) || err != nil {
				t.Fatal(n, err)
			}
		}
		record := `[{"kind":"pong","micros":"5","server":"0"}]`
		wrote := string(edge.Handshake("dGhlIHNhbXBsZSBub25jZQ==", proto.TextSubprotocol)) + "\x89\x01p" + string(edge.AppendHeader(nil, text, len(record))) + record
		if s.out.String() != wrote {
			t.Errorf("in pieces of %d: %q", size, s.out.String())
		}
	}
}

// A message that cannot be translated ends the connection: the client reads an error and a close, and the server the end.
func TestRefusalIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		code proto.CloseCode
		want string
	}{
		"no JSON":           {frame(final|text, "hello"), proto.CloseMalformed, "is not the JSON"},
		"binary":            {frame(final|edge.OpBinary, "\x01\x00"), proto.CloseMalformed, "a message was binary; send text"},
		"too large":         {frame(final|text, strings.Repeat(" ", proto.MaxClientMessage+1)), proto.CloseTooLarge, "over 8192 bytes"},
		"too large in all":  {append(frame(text, strings.Repeat(" ", 5000)), frame(final, strings.Repeat(" ", 5000))...), proto.CloseTooLarge, "over 8192 bytes"},
		"of a huge length":  {[]byte{final | text, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, proto.CloseTooLarge, "over 8192 bytes"},
		"with a long name":  {frame(final|text, `{"kind":"`+strings.Repeat("ä", 900)+`"}`), proto.CloseMalformed, "send hello"},
		"after a good ping": {append(frame(final|text, `{"kind":"ping"}`), frame(final|text, `{"kind":"pong"}`)...), proto.CloseMalformed, `kind is "pong"`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{in: c.in, size: 100}
				conn := newConn(s, nil)
				if _, err := conn.Write(edge.Handshake("k", proto.Subprotocol)); err != nil {
					t.Fatal(err)
				}
				s.out.Reset()
				if _, err := io.ReadAll(conn); err != nil {
					t.Fatal(err)
				}
				f, _, err := edge.ParseFrame(s.out.Bytes(), 1<<20)
				if err != nil || f.Opcode != text {
					t.Fatalf("%q", s.out.String())
				}
				var records []struct {
					Kind string
					Code proto.CloseCode
					Text string
				}
				if err := json.Unmarshal(s.out.Bytes()[f.Start:f.End], &records); err != nil || len(records) != 1 || records[0].Kind != "error" ||
					records[0].Code != c.code || !strings.Contains(records[0].Text, c.want) || len(records[0].Text) > proto.MaxText {
					t.Errorf("%+v, %v", records, err)
				}
				bye := s.out.Bytes()[f.End:]
				if f, _, _ := edge.ParseFrame(bye, 125); f.Opcode != edge.OpClose || !strings.Contains(string(bye), c.want) {
					t.Errorf("the close is %q", bye)
				}
				if n, err := conn.Write([]byte("more")); n != 4 || err != nil || !bytes.HasSuffix(s.out.Bytes(), bye) {
					t.Errorf("behind the close: %d, %v, %q", n, err, s.out.String())
				}
			})
		})
	}
}

// FuzzConn: whatever bytes a client sends, in whatever pieces, what the server reads are frames, or as many bytes as the client sent.
func FuzzConn(f *testing.F) {
	f.Add(frame(final|text, `{"kind":"hello","ticket":"t"}`), 7)
	f.Add(append(frame(text, `[{"kind":"ping"}`), frame(final, "]")...), 100)
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		c := newConn(&script{in: in, size: max(1, size)}, nil)
		got, err := io.ReadAll(c)
		if err != nil || len(got) > 2*len(in)+64 {
			t.Errorf("%d bytes of %d, %v", len(got), len(in), err)
		}
		if n := cap(c.parts) + cap(c.ready) + cap(c.raw); n > 8*proto.MaxClientMessage+2*len(in) {
			t.Errorf("%d bytes are held for %d", n, len(in))
		}
	})
}
