package edge

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

// FuzzProxyHeader: whatever a trusted proxy sends first, reading ends with the bytes behind the header or with an error, and the client is an IP
// address or not known.
func FuzzProxyHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 203.0.113.7 127.0.0.1 4000 80\r\nGET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte("PROXY UNKNOWN\r\nrest"))
	f.Add([]byte("PROXY TCP6 2001:db8::1 ::1 1 2\r\n"))
	f.Add([]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x07\x7f\x00\x00\x01\x0f\xa0\x00\x50GET /"))
	f.Add([]byte("\r\n\r\n\x00\r\nQUIT\n\x20\x00\xff\xff"))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		c := &proxied{Conn: &read{from: sent}}
		got, err := io.ReadAll(c)
		if err == nil && len(got) > len(sent) {
			t.Fatalf("%q gives %q", sent, got)
		}
		if c.source != nil && !addressOf(c.RemoteAddr().String()).IsValid() {
			t.Fatalf("%q comes from %v", sent, c.source)
		}
		if addressOf(c.RemoteAddr().String()).Zone() != "" {
			t.Fatalf("%q comes from an address with a zone: %v", sent, c.source)
		}
	})
}

// read is a connection that ends behind what it has.
type read struct{ from []byte }

func (r *read) Read(b []byte) (int, error) {
	if len(r.from) == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.from)
	r.from = r.from[n:]
	return n, nil
}
func (r *read) Write(b []byte) (int, error)      { return len(b), nil }
func (r *read) Close() error                     { return nil }
func (r *read) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (r *read) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 9, 0, 1), Port: 1} }
func (r *read) SetDeadline(time.Time) error      { return nil }
func (r *read) SetReadDeadline(time.Time) error  { return nil }
func (r *read) SetWriteDeadline(time.Time) error { return nil }

// FuzzForwarded: whatever X-Forwarded-For says, the client is a valid address, and never one that only the client itself has written: what stands
// before the last address that is not a trusted proxy's.
func FuzzForwarded(f *testing.F) {
	f.Add("203.0.113.7")
	f.Add("203.0.113.7, 10.0.0.1, 198.51.100.9:443")
	f.Add("[2001:db8::1]:80, unknown")
	f.Add("fe80::1%eth0,")
	f.Fuzz(func(t *testing.T, line string) {
		g := newGate(t, roomy(), "127.9.0.1", "10.0.0.0/8")
		r := &http.Request{RemoteAddr: "127.9.0.1:4000", Header: http.Header{forwardedFor: {line}}}
		g.readForwarded(r)
		if a, err := netip.ParseAddrPort(r.RemoteAddr); err != nil || a.Addr().Zone() != "" {
			t.Fatalf("%q gives %q", line, r.RemoteAddr)
		}
		behind := &http.Request{RemoteAddr: "127.9.0.1:4000", Header: http.Header{forwardedFor: {"192.0.2.66," + line + ", 198.51.100.1, 10.1.1.1"}}}
		if g.readForwarded(behind); behind.RemoteAddr != "198.51.100.1:0" {
			t.Fatalf("%q before the last address gives %q", line, behind.RemoteAddr)
		}
	})
}

// FuzzPrefixes: -trusted-proxies takes what it prints.
func FuzzPrefixes(f *testing.F) {
	f.Add("10.0.0.0/8, ::1,192.0.2.1")
	f.Fuzz(func(t *testing.T, text string) {
		var p, again Prefixes
		if p.Set(text) != nil {
			return
		}
		if err := again.Set(p.String()); err != nil || again.String() != p.String() {
			t.Fatalf("%q gives %q, which gives %q, %v", text, p.String(), again.String(), err)
		}
	})
}
