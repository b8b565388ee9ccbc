package replication

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// Query and answer arrive complete: the asked server learns who asks, and the asker which process has answered.
func TestQuery(t *testing.T) {
	got := make(chan ownership.Query, 1)
	b, _ := start(t, config(t, "b"), rooms(func(asker string, q ownership.Query) ownership.Answer {
		got <- q
		return ownership.Answer{Holding: ownership.Leading, Epoch: testEpoch, Leader: asker, Counted: true}
	}))
	a, _ := start(t, config(t, "a"), nothing)
	answer, err := a.Query(within(t, 10*time.Second), "b", b.Addr().String(), testQuery)
	want := ownership.Answer{Process: ownership.Process{Server: "b", Boot: b.Process()}, Holding: ownership.Leading, Epoch: testEpoch, Leader: "a", Counted: true}
	if err != nil || answer != want {
		t.Errorf("got %+v, %v, want %+v", answer, err, want)
	}
	if q := <-got; q != testQuery {
		t.Errorf("the server was asked %+v, want %+v", q, testQuery)
	}
}

// Many queries at once share one connection, and each gets its own answer.
func TestQueriesShareALink(t *testing.T) {
	b, _ := start(t, config(t, "b"), rooms(func(_ string, q ownership.Query) ownership.Answer {
		return ownership.Answer{Holding: ownership.Leading, Leader: string(q.Room)}
	}))
	a, _ := start(t, config(t, "a"), nothing)
	ctx := within(t, 10*time.Second)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			room := proto.RoomID(fmt.Sprint("r", i))
			if got, err := a.Query(ctx, "b", b.Addr().String(), ownership.Query{Room: room}); err != nil || got.Leader != string(room) {
				t.Errorf("%s: got %+v, %v", room, got, err)
			}
		})
	}
	wg.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.open) != 1 {
		t.Errorf("%d connections, want 1", len(b.open))
	}
}

// A process that has ended is told from one that does not answer, also when a link to it was open.
func TestGone(t *testing.T) {
	b, stop := start(t, config(t, "b"), nothing)
	a, _ := start(t, config(t, "a"), nothing)
	ctx := within(t, 10*time.Second)
	if _, err := a.Query(ctx, "b", b.Addr().String(), testQuery); err != nil {
		t.Fatal(err)
	}
	stop()
	if _, err := a.Query(ctx, "b", b.Addr().String(), testQuery); !errors.Is(err, ErrGone) {
		t.Errorf("got %v, want ErrGone", err)
	}
}

// A refusal by an address of one of this machine's interfaces is this machine's kernel's.
func TestGoneAtAnInterface(t *testing.T) {
	outside := outsideAddr(t)
	listener, err := net.Listen("tcp", net.JoinHostPort(outside, "0"))
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	listener.Close()
	a, _ := start(t, config(t, "a"), nothing)
	if _, err := a.Query(within(t, 10*time.Second), "b", addr, testQuery); !errors.Is(err, ErrGone) {
		t.Errorf("got %v, want ErrGone", err)
	}
	a.interfaces = func() ([]net.Addr, error) { return nil, nil }
	if _, err := a.Query(within(t, 10*time.Second), "b", addr, testQuery); !errors.Is(err, ErrRefusedDial) || errors.Is(err, ErrGone) {
		t.Errorf("the same refusal from another machine: %v, want ErrRefusedDial", err)
	}
}

// A link that breaks under a query is dialled again, and the second connection answers it.
func TestBrokenLinkIsDialledAgain(t *testing.T) {
	var b *Links
	var once sync.Once
	b, _ = start(t, config(t, "b"), rooms(func(string, ownership.Query) ownership.Answer {
		once.Do(func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			for nc := range b.open {
				nc.Close()
			}
		})
		return ownership.Answer{Holding: ownership.Leading}
	}))
	a, _ := start(t, config(t, "a"), nothing)
	if got, err := a.Query(within(t, 10*time.Second), "b", b.Addr().String(), testQuery); err != nil || got.Holding != ownership.Leading {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestTimeout(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	a, _ := start(t, config(t, "a"), nothing)
	if _, err := a.Query(within(t, 20*time.Millisecond), "b", silent.Addr().String(), ownership.Query{Room: "r"}); !errors.Is(err, ErrTimeout) {
		t.Errorf("got %v, want ErrTimeout", err)
	}
}
