package server

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/gameserver/internal/session"
	"github.com/ringside-go/ringside/internal/bans"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// skewed is a server's admission, whose clock is ahead of the routers'.
type skewed struct {
	*admission
	t       *testing.T
	log     bytes.Buffer
	players int
}

// arrives lets a client come with a ticket that a router issued some time ago, for ten minutes.
func (s *skewed) arrives(signer *ticket.Signer, age time.Duration, hello proto.Hello) {
	s.t.Helper()
	s.players++
	issued := time.Now().Add(-age)
	var err error
	hello.Ticket, err = signer.Sign(ticket.Claims{Room: "r", Game: "idle", Player: proto.PlayerID(fmt.Sprint("p", s.players)), Role: ticket.Player,
		Issued: issued, Expires: issued.Add(10 * time.Minute)})
	if err != nil {
		s.t.Fatal(err)
	}
	s.enters(hello)
}

func (s *skewed) enters(hello proto.Hello) {
	_, _ = s.Enter(s.t.Context(), "r", hello, new(session.Conn))
}

func TestClockSkew(t *testing.T) {
	router, stranger := ticket.NewSigner(ticket.DevKey()), ticket.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	several := func(n int, f func(i int)) {
		for i := range n {
			f(i)
			time.Sleep(40 * time.Second / time.Duration(n))
		}
	}
	fresh := func(n int) func(*skewed) {
		return func(s *skewed) { several(n, func(int) { s.arrives(router, 0, proto.Hello{}) }) }
	}
	for name, c := range map[string]struct {
		ahead time.Duration
		come  func(s *skewed)
		warns bool
	}{
		"right":           {0, fresh(20), false},
		"a little ahead":  {5 * time.Second, fresh(20), false},
		"a little behind": {-5 * time.Second, fresh(20), false},
		"ahead":           {time.Hour, fresh(skewTickets), true},
		"behind":          {-time.Hour, fresh(skewTickets), true},
		"ahead, and few":  {time.Hour, fresh(skewTickets - 1), false},
		"ahead, and players come back with old tickets": {time.Hour, func(s *skewed) {
			several(40, func(i int) { s.arrives(router, time.Duration(i%2*i)*time.Minute, proto.Hello{}) })
		}, true},
		"one old ticket, again and again": {0, func(s *skewed) {
			s.arrives(router, time.Hour, proto.Hello{})
			old, err := router.Sign(ticket.Claims{Room: "r", Game: "idle", Player: "p", Role: ticket.Player,
				Issued: time.Now().Add(-time.Hour), Expires: time.Now().Add(-50 * time.Minute)})
			if err != nil {
				s.t.Fatal(err)
			}
			several(40, func(int) { s.enters(proto.Hello{Ticket: old}) })
		}, false},
		"forged tickets": {0, func(s *skewed) {
			several(40, func(int) { s.arrives(stranger, time.Hour, proto.Hello{}) })
		}, false},
		"old tickets of several ages, after an outage": {0, func(s *skewed) {
			several(20, func(i int) { s.arrives(router, time.Hour+time.Duration(i*i)*15*time.Second, proto.Hello{}) })
		}, false},
		"old tickets of one age among fresh ones": {0, func(s *skewed) {
			several(20, func(int) { s.arrives(router, time.Hour, proto.Hello{}); s.arrives(router, 0, proto.Hello{}) })
		}, false},
		"players of one match resume with old tickets": {0, func(s *skewed) {
			several(20, func(int) { s.arrives(router, time.Hour, proto.Hello{Resume: []byte("token")}) })
		}, false},
		"spectators of one match follow it with old tickets": {0, func(s *skewed) {
			several(20, func(int) { s.arrives(router, time.Hour, proto.Hello{Flags: proto.HelloWait}) })
		}, false},
		"spectators of one match come back with old tickets": {0, func(s *skewed) {
			several(20, func(int) { s.arrives(router, time.Hour, proto.Hello{Epoch: proto.Epoch{Counter: 1, Server: "gs-1"}}) })
		}, false},
		"a flood of old tickets among few fresh ones": {0, func(s *skewed) {
			several(1000, func(i int) {
				s.arrives(router, time.Hour, proto.Hello{})
				if i%50 == 0 {
					s.arrives(router, 0, proto.Hello{})
				}
			})
		}, false},
		"tickets of a signer that does not say when": {time.Hour, func(s *skewed) {
			several(20, func(i int) {
				s.enters(proto.Hello{Ticket: sign(s.t, ticket.Claims{Room: "r", Player: proto.PlayerID(fmt.Sprint(i)), Expires: time.Now().Add(time.Minute)})})
			})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &skewed{t: t}
				metrics := obs.NewServerMetrics(nil)
				clock := func() time.Time { return time.Now().Add(c.ahead) }
				skew := newSkew(slog.New(slog.NewTextHandler(&s.log, nil)), metrics)
				s.admission = &admission{bans: bans.New(nil), tickets: ticket.NewVerifier(devKeys()...), rooms: &entered{}, clock: clock, skew: skew}
				s.reconnects = newReconnects(nil, "", nil)
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- skew.run(ctx) }()
				c.come(s)
				time.Sleep(30 * time.Second)
				stop()
				if err := <-done; err != nil {
					t.Error(err)
				}
				log, gauge := s.log.String(), testutil.ToFloat64(metrics.ClockSkew)
				if warned := strings.Count(log, "check NTP"); warned > 1 || (warned == 1) != c.warns {
					t.Errorf("%d warnings:\n%s", warned, log)
				}
				want := 0.0
				if c.warns {
					want = c.ahead.Seconds()
					if said := "ahead=" + c.ahead.String(); !strings.Contains(log, said) {
						t.Errorf("the warning has no %s: %s", said, log)
					}
				}
				if gauge != want {
					t.Errorf("the metric is %v, want %v", gauge, want)
				}
			})
		})
	}
}

// While the clock is wrong it is told each minute, and once it is right the metric is too.
func TestClockSkewEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &skewed{t: t}
		ahead := time.Hour
		metrics := obs.NewServerMetrics(nil)
		skew := newSkew(slog.New(slog.NewTextHandler(&s.log, nil)), metrics)
		s.admission = &admission{bans: bans.New(nil), tickets: ticket.NewVerifier(devKeys()...), rooms: &entered{}, skew: skew, reconnects: newReconnects(nil, "", nil),
			clock: func() time.Time { return time.Now().Add(ahead) }}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- skew.run(ctx) }()
		router := ticket.NewSigner(ticket.DevKey())
		time.Sleep(time.Second) // off the minute
		minutes := func(n int) {
			for range n * 20 {
				s.arrives(router, 0, proto.Hello{})
				time.Sleep(3 * time.Second)
			}
			synctest.Wait()
		}
		minutes(5)
		if warned := strings.Count(s.log.String(), "check NTP"); warned != 5 {
			t.Errorf("%d warnings in five minutes", warned)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if warned := strings.Count(s.log.String(), "check NTP"); warned > 6 || testutil.ToFloat64(metrics.ClockSkew) != 3600 {
			t.Errorf("without clients: %d warnings, and the metric is %v", warned, testutil.ToFloat64(metrics.ClockSkew))
		}
		ahead = 0
		minutes(2)
		if got := testutil.ToFloat64(metrics.ClockSkew); got != 0 {
			t.Errorf("the clock is right, and the metric %v", got)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
