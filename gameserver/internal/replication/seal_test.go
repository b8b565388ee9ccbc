package replication

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// sealedPair returns the sealing end of a link, which writes to out, and an opening end, which reads from in.
func sealedPair(t testing.TB, out *bytes.Buffer, in io.Reader) (w, r *sealed) {
	t.Helper()
	key := []byte("0123456789abcdef")
	w, err := newSealed(out, nil, key, roleDial, roleAccept, []byte("hello a"), []byte("hello b"))
	if err != nil {
		t.Fatal(err)
	}
	r, err = newSealed(nil, bufio.NewReader(in), key, roleAccept, roleDial, []byte("hello a"), []byte("hello b"))
	if err != nil {
		t.Fatal(err)
	}
	return w, r
}

func TestSealed(t *testing.T) {
	var wire bytes.Buffer
	w, r := sealedPair(t, &wire, &wire)
	var want []byte
	for _, n := range []int{1, 5, 4096, maxFrame} {
		p := bytes.Repeat([]byte("secret"), n/6+1)[:n]
		if m, err := w.Write(p); m != n || err != nil {
			t.Fatal(m, err)
		}
		want = append(want, p...)
	}
	if bytes.Contains(wire.Bytes(), []byte("secret")) {
		t.Error("the wire shows what was written")
	}
	if want := len(want) + 4*(frameHead+gcmTag); wire.Len() != want {
		t.Errorf("%d bytes on the wire, want %d", wire.Len(), want)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes came, %v; want %d", len(got), err, len(want))
	}
}

// A frame that is changed in any bit, left out, repeated or cut ends the connection before any of it is returned.
func TestSealedTampering(t *testing.T) {
	var wire bytes.Buffer
	w, _ := sealedPair(t, &wire, nil)
	w.Write([]byte("one"))
	first := wire.Len()
	w.Write([]byte("two"))
	whole := wire.Bytes()
	read := func(b []byte) (string, error) {
		_, r := sealedPair(t, nil, bytes.NewReader(b))
		got, err := io.ReadAll(r)
		return string(got), err
	}
	for i := range first * 8 {
		b := bytes.Clone(whole)
		b[i/8] ^= 1 << (i % 8)
		if got, err := read(b); got != "" || err == nil {
			t.Fatalf("bit %d changed: %q, %v", i, got, err)
		}
	}
	if got, err := read(whole[first:]); got != "" || err == nil {
		t.Errorf("the first left out: %q, %v", got, err)
	}
	if got, err := read(append(whole[:first:first], whole[:first]...)); got != "one" || err == nil {
		t.Errorf("the first repeated: %q, %v", got, err)
	}
	for n := range first {
		if got, err := read(whole[:n]); got != "" || (n > 0) != errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d: %q, %v", n, got, err)
		}
	}
	if _, err := read([]byte{0xff, 0xff, 0xff, 0xff}); !errors.Is(err, proto.ErrRange) {
		t.Errorf("an endless frame: %v", err)
	}
}

// The keys differ by direction, cluster key and handshake.
func TestSealedKeys(t *testing.T) {
	var wire bytes.Buffer
	w, _ := sealedPair(t, &wire, nil)
	w.Write([]byte("one"))
	for name, c := range map[string]struct {
		key, theirs, acceptor string
		opens                 bool
	}{
		"right":             {"0123456789abcdef", roleDial, "hello b", true},
		"other key":         {"0123456789abcdeF", roleDial, "hello b", false},
		"other direction":   {"0123456789abcdef", roleAccept, "hello b", false},
		"another handshake": {"0123456789abcdef", roleDial, "hello c", false},
	} {
		r, err := newSealed(nil, bufio.NewReader(bytes.NewReader(wire.Bytes())), []byte(c.key), roleAccept, c.theirs, []byte("hello a"), []byte(c.acceptor))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); (err == nil) != c.opens || (string(got) == "one") != c.opens {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
