package tunnel

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/multiplex"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/relay"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// streamsPerLink is how many tunnels one link carries before there is another one to the same server: one goroutine writes to all
// clients of a link, and at 60 ticks a second so many take it half of a core.
const streamsPerLink = 1000

// links are the connections to game servers that tunnels share.
type links struct {
	dialer *servers.Dialer
	loops  *relay.Loops
	logger *slog.Logger

	mu      sync.Mutex
	to      map[string]*linksTo // by name and address of the server
	live    map[*multiplex.Link]struct{}
	closed  bool
	running sync.WaitGroup
}

// linksTo are those to one server.
type linksTo struct {
	key     string
	dialing chan struct{} // holds one while nobody dials
	all     []*multiplex.Link
}

func newLinks(d *servers.Dialer, loops *relay.Loops, logger *slog.Logger) *links {
	return &links{dialer: d, loops: loops, logger: logger, to: map[string]*linksTo{}, live: map[*multiplex.Link]struct{}{}}
}

// open opens a stream to m, over a link that there is, or a new one.
func (l *links) open(ctx context.Context, m membership.Member) (*multiplex.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, servers.DialTimeout)
	defer cancel()
	to := l.of(m)
	select {
	case to.dialing <- struct{}{}:
		defer func() { <-to.dialing }()
	case <-ctx.Done():
		return nil, fmt.Errorf("server %s: %w", m.Name, ctx.Err())
	}
	link := l.pick(to)
	if link != nil {
		if err := link.Answer(ctx); err != nil {
			l.drop(to, link)
			return nil, fmt.Errorf("server %s: %w", m.Name, err)
		}
		if s, err := link.Open(); err == nil {
			return s, nil
		}
	}
	link, err := l.dial(ctx, m, to)
	if err != nil {
		return nil, err
	}
	return link.Open()
}

func (l *links) of(m membership.Member) *linksTo {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := string(m.Name) + " " + m.Inside()
	to := l.to[key]
	if to == nil {
		to = &linksTo{key: key, dialing: make(chan struct{}, 1)}
		l.to[key] = to
	}
	return to
}

// pick is the link with the fewest streams; nil: there is to be another one.
func (l *links) pick(to *linksTo) (least *multiplex.Link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fewest := streamsPerLink
	for _, link := range to.all {
		if n := link.Streams(); n < fewest && link.Err() == nil {
			least, fewest = link, n
		}
	}
	return least
}

// drop has no more streams opened over link; those that there are go on if they can.
func (l *links) drop(to *linksTo, link *multiplex.Link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	to.all = slices.DeleteFunc(to.all, func(one *multiplex.Link) bool { return one == link })
	if len(to.all) == 0 && l.to[to.key] == to {
		delete(l.to, to.key)
	}
}

func (l *links) dial(ctx context.Context, m membership.Member, to *linksTo) (*multiplex.Link, error) {
	base, err := url.Parse(m.Inside())
	if err != nil {
		return nil, err
	}
	conn, err := l.dialer.Dial(ctx, m)
	if err != nil {
		return nil, err
	}
	err = l.dialer.MayHear(conn) // the clients' hellos have tickets
	var pending []byte
	if err == nil {
		pending, err = multiplex.Request(conn, base.Host, strings.TrimSuffix(base.Path, "/")+multiplex.Path, time.Now().Add(upgradeTimeout))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && l.closed {
		err = api.TryLater("this router is stopping")
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("server %s at %s: %w", m.Name, conn.RemoteAddr(), err)
	}
	link := multiplex.New(conn, nil)
	to.all = append(to.all, link)
	l.to[to.key], l.live[link] = to, struct{}{}
	l.running.Go(func() {
		l.loops.Carry(conn, link, pending)
		l.drop(to, link)
		l.mu.Lock()
		delete(l.live, link)
		l.mu.Unlock()
		l.logger.Debug("link of tunnels ended", "server", m.Name, "error", link.Err())
	})
	return link, nil
}

// close closes all links and waits for them. No tunnel is left.
func (l *links) close() {
	l.mu.Lock()
	l.closed = true
	for link := range l.live {
		link.Close()
	}
	l.mu.Unlock()
	l.running.Wait()
}
