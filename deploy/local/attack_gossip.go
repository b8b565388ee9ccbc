package main

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// floodGossip is the first half of row 1i.
func floodGossip(ctx context.Context, s *siege) (string, error) {
	const target, streams = "game-1", 60
	before := s.memory(ctx, target)
	var all sync.WaitGroup
	flood, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	sent := make([]int, streams)
	for i := range streams {
		all.Go(func() {
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 8, 0, byte(1+i%5))}}
			c, err := d.DialContext(flood, "tcp", s.bed.site.addr[target].Gossip)
			if err != nil {
				return
			}
			defer c.Close()
			// The label of memberlist's streams, then an encrypted message of 20 MB.
			b := append([]byte{244, byte(len("ringside"))}, "ringside"...)
			b = binary.BigEndian.AppendUint32(append(b, 10), 20<<20)
			_, err = c.Write(b)
			chunk := make([]byte, 64<<10)
			for err == nil && flood.Err() == nil && sent[i] < 20<<20 {
				_ = c.SetWriteDeadline(time.Now().Add(time.Second))
				var n int
				n, err = c.Write(chunk)
				sent[i] += n
			}
		})
	}
	peak := before
	for flood.Err() == nil {
		peak = max(peak, s.memory(ctx, target))
		_ = pauseFor(flood, 200*time.Millisecond)
	}
	all.Wait()
	total := 0
	for _, n := range sent {
		total += n
	}
	refused, err := s.metric(ctx, target, "ringside_gossip_streams_refused_total")
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d MB sent in %d streams, %.0f streams closed; %.0f MB before, %.0f MB at most", total>>20, streams, refused, before, peak)
	if peak > before+60 {
		return text, errors.New("the server held what strangers sent")
	}
	return text, s.calm(ctx)
}

// claim is the metadata of a member that is none. The format is that of package membership.
type claim struct {
	name, url, peer, version string
	weight, port             uint64
}

// claimBoot is the boot of all of them, which memberlist has in the name too.
const claimBoot = "0123456789abcdef"

func (c claim) bytes() []byte {
	b := []byte{3}
	for _, text := range []string{c.name, claimBoot, "gameserver", "serving", c.url, c.peer, "", c.version} {
		b = append(append(b, byte(len(text))), text...)
	}
	for _, n := range []uint64{c.weight, uint64(time.Now().UnixMilli()), 1, c.port, 7, 7} {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

// liar is memberlist's delegate that says a claim.
type liar struct{ claim claim }

func (l liar) NodeMeta(int) []byte { return l.claim.bytes() }

func (l liar) NotifyMsg([]byte) {}

func (l liar) GetBroadcasts(int, int) [][]byte { return nil }

func (l liar) LocalState(bool) []byte { return nil }

func (l liar) MergeRemoteState([]byte, bool) {}

// poisonGossip is the second half of row 1i.
func poisonGossip(ctx context.Context, s *siege) (string, error) {
	_, router, gossip, end, err := s.bare(ctx)
	if err != nil {
		return "", err
	}
	defer end()
	const url, peer = "http://127.0.0.1:1", "127.0.0.1:1"
	claims := map[string]claim{
		"escapes":   {name: "evil\x1b[31m", url: url, peer: peer},
		"script":    {name: "script", url: "javascript:alert(1)", peer: peer},
		"user":      {name: "user", url: "http://a:b@127.0.0.1:1", peer: peer},
		"version":   {name: "version", url: url, peer: peer, version: "1\x1b]0;evil\a"},
		"weight":    {name: "weight", url: url, peer: peer, weight: 1 << 62},
		"port":      {name: "port", url: url, peer: peer, port: 1 << 20},
		"peer":      {name: "peer", url: url, peer: "127.0.0.1/admin?:80"},
		"truthful-": {name: "truthful", url: url, peer: peer, weight: 1},
	}
	for name, c := range claims {
		m := memberlist.DefaultLANConfig()
		m.Name, m.BindAddr, m.BindPort, m.AdvertisePort, m.Label = c.name+"-"+claimBoot, "127.0.0.1", 0, 0, "bare"
		m.EnableCompression, m.Delegate = false, liar{c}
		m.Logger = log.New(io.Discard, "", 0)
		list, err := memberlist.Create(m)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		defer list.Shutdown()
		if _, err := list.Join([]string{gossip}); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	var page []byte
	err = until(ctx, 10*time.Second, "the well-formed member is not seen, so this attack shows nothing", func() bool {
		r, err := plain(ctx, http.MethodGet, router, "/v1/fleet", "")
		page = r.body
		return err == nil && len(contains(page, `"truthful"`)) > 0
	})
	if err != nil {
		return "", err
	}
	if err := pauseFor(ctx, time.Second); err != nil { // the others have had as long
		return "", err
	}
	for _, path := range []string{"/v1/fleet", "/fleet", "/v1/fleet?format=text"} {
		r, err := plain(ctx, http.MethodGet, router, path, "", "Accept: text/plain")
		if err != nil {
			return "", err
		}
		if found := contains(r.body, "evil", "\x1b", "javascript", `"script"`, `"user"`, `"version":"1`, `"weight"`, `"port"`, `"peer"`, `a:b@`); len(found) > 0 {
			return "", fmt.Errorf("%s shows %q", path, found)
		}
	}
	return fmt.Sprintf("%d malformed members are not seen, the well-formed one is", len(claims)-1), nil
}

// lureFleet has a process with the cluster key pose as a game server.
func lureFleet(ctx context.Context, s *siege) (string, error) {
	trap, err := openTrap()
	if err != nil {
		return "", err
	}
	defer trap.close()
	leave, err := pose(ctx, s, trap.addr())
	if err != nil {
		return "", err
	}
	defer leave()
	token := "Authorization: Bearer " + s.bed.site.token
	answers := map[string]int{}
	for _, path := range []string{"/v1/fleet/servers/game-9/drain", "/v1/fleet/servers/game-9/undrain", "/v1/bans"} {
		r, err := strangerAt(7100).once(ctx, http.MethodPost, s.bed.site.addr[redirecting].HTTP, path, `{"player":"nobody","seconds":1}`, token)
		if err != nil {
			return "", err
		}
		answers[path] = r.status
	}
	// A tunnel to it.
	a, err := strangerAt(7101).get(ctx, s.router(tunnelling), entryFor("lured", ""))
	if err != nil {
		return "", err
	}
	k, err := strangerAt(7101).enter(ctx, "ws://"+s.bed.site.addr[tunnelling].HTTP+"/v1/servers/game-9/v1/rooms/lured/connect", a.Ticket)
	if err == nil {
		k.closes(2 * time.Second)
		k.Close()
	}
	if err := pauseFor(ctx, time.Second); err != nil { // polls come once a second
		return "", err
	}
	conns, heard := trap.caught()
	encoded := base64.StdEncoding.EncodeToString(s.cluster)
	found := contains(heard, s.bed.site.token, "Bearer", a.Ticket, encoded, "HTTP/1.1")
	said, _ := json.Marshal(answers)
	text := fmt.Sprintf("%d connections came and said %d bytes; operators' requests were answered %s", conns, len(heard), said)
	switch {
	case len(found) > 0:
		return text, fmt.Errorf("it read %q", found)
	case conns == 0:
		return text, errors.New("nobody called it, so nothing is shown")
	}
	return text, nil
}

// pose has a process with the cluster key announce itself as game-9 at addr, and waits until it is seen.
func pose(ctx context.Context, s *siege, addr netip.AddrPort) (leave func(), err error) {
	g, err := membership.NewGossip(membership.Config{
		Self: membership.Member{Name: "game-9", Role: membership.GameServer, State: membership.Draining, URL: "http://" + addr.String(), Peer: addr.String(), Port: int(addr.Port()), Links: proto.Versions{Newest: 7, Oldest: 7}},
		Bind: fleet.Loopback(0), Seeds: []string{s.bed.site.addr["game-1"].Gossip}, Key: s.cluster, Cluster: "ringside",
	})
	if err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(ctx)
	var gossiping sync.WaitGroup
	gossiping.Go(func() { _ = g.Run(running) })
	leave = func() { cancel(); gossiping.Wait() }
	err = until(ctx, 15*time.Second, "the liar is not seen, so this attack shows nothing", func() bool {
		v, err := s.bed.api.fleet(ctx, redirecting)
		for _, m := range v.Members {
			if m.Name == "game-9" {
				return err == nil
			}
		}
		return false
	})
	if err != nil {
		leave()
	}
	return leave, err
}

// trap is a listener that answers nothing and keeps what it hears.
type trap struct {
	listener net.Listener
	serving  sync.WaitGroup

	mu    sync.Mutex
	heard []byte
	conns int // that have ended
}

func openTrap() (*trap, error) {
	l, err := net.Listen("tcp", fleet.Loopback(0))
	if err != nil {
		return nil, err
	}
	t := &trap{listener: l}
	t.serving.Go(t.accept)
	return t, nil
}

func (t *trap) addr() netip.AddrPort { return netip.MustParseAddrPort(t.listener.Addr().String()) }

func (t *trap) accept() {
	for {
		c, err := t.listener.Accept()
		if err != nil {
			return
		}
		t.serving.Go(func() { t.listen(c) })
	}
}

// listen hears a connection until it has said nothing for two seconds.
func (t *trap) listen(c net.Conn) {
	defer c.Close()
	b := make([]byte, 4096)
	for {
		_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
		n, err := c.Read(b)
		t.mu.Lock()
		t.heard = append(t.heard, b[:n]...)
		if err != nil {
			t.conns++
		}
		t.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// caught gives how many connections came, and what they said.
func (t *trap) caught() (conns int, heard []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conns, slices.Clone(t.heard)
}

func (t *trap) close() {
	t.listener.Close()
	t.serving.Wait()
}
