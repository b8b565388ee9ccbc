package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/fake"
)

// member is a membership that runs until it is told to end, or fails.
type member struct {
	*membership.Static
	fail  chan error
	cause error // that ended it
}

func (m *member) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		m.cause = context.Cause(ctx)
		return nil
	case err := <-m.fail:
		return err
	}
}

type running struct {
	url    string
	front  *Gateway
	member *member
	done   chan error
}

func start(t *testing.T, ctx context.Context, drain time.Duration, servers ...membership.Member) *running {
	t.Helper()
	registry := prometheus.NewRegistry()
	c := DefaultConfig()
	c.Mode, c.Signer, c.Drain, c.Metrics, c.Gatherer = Proxy, ticket.NewSigner(ticket.DevKey()), drain, obs.NewRouterMetrics(registry), registry
	c.Operator, _ = ticket.NewOperator("", true)
	self := membership.Member{Name: "router-1", Role: membership.Router, State: membership.Serving}
	m := &member{Static: membership.NewStatic(self, servers...), fail: make(chan error, 1)}
	f, err := New(c, m)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &running{"http://" + listener.Addr().String(), f, m, make(chan error, 1)}
	go func() { r.done <- f.Run(ctx, listener, nil, m) }()
	return r
}

func (r *running) status(t *testing.T, path string) (int, string) {
	t.Helper()
	resp, err := http.Get(r.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

func (r *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(fake.Timeout):
		t.Fatal("Run did not return")
		return nil
	}
}

func TestRunDrainsAndLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := fake.NewServer(t, "game-1")
	defer s.Close()
	defer s.CloseClientConnections()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	r := start(t, ctx, 300*time.Millisecond, s.Member())
	defer http.DefaultClient.CloseIdleConnections()

	fake.Until(t, "members are counted", func() bool {
		return testutil.ToFloat64(r.front.config.Metrics.Members.WithLabelValues("gameserver", "serving")) == 1
	})
	for _, path := range []string{"/livez", "/readyz", "/v1/fleet"} {
		if status, body := r.status(t, path); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	client, _ := fake.Dial(t, r.url, "/v1/rooms/a-room/connect", proto.Subprotocol)
	client.Send(t, "hello")
	client.ExpectFrom(t, "game-1")
	var metrics string
	fake.Until(t, "the upgrade is counted", func() bool { // once its handler has returned
		_, metrics = r.status(t, "/metrics")
		return strings.Contains(metrics, `ringside_request_duration_seconds_count{route="connect",status="1xx"} 1`)
	})
	if !strings.Contains(metrics, "ringside_tunnels 1") || !strings.Contains(metrics, `ringside_members{role="gameserver",state="serving"} 1`) {
		t.Errorf("/metrics: %s", metrics)
	}

	stop()
	fake.Until(t, "drain is told", func() bool { return r.member.View().Self.State == membership.Draining })
	if status, body := r.status(t, "/readyz"); status != 503 || !strings.Contains(body, "stopping") {
		t.Errorf("/readyz while draining: %d %s", status, body)
	}
	if status, _ := r.status(t, "/livez"); status != 200 {
		t.Errorf("/livez while draining: %d", status)
	}
	client.Send(t, "still here")
	if _, got, err := client.Read(); err != nil || string(got) != "still here" {
		t.Errorf("while draining the tunnel gives %q, %v", got, err)
	}
	if err := r.wait(t); err != nil {
		t.Errorf("Run returned %v", err)
	}
	client.ExpectEnd(t)
	if testutil.ToFloat64(r.front.config.Metrics.Tunnels) != 0 {
		t.Error("tunnels are still counted")
	}
}

// A router that drains goes on for as long as load balancers may send clients, and then for as long as it has some, up to
// its limit.
func TestDrained(t *testing.T) {
	for _, c := range []struct {
		left          int
		waited, limit time.Duration
		want          bool
	}{
		{0, 0, 20 * time.Second, false},
		{0, turnAway - 1, 20 * time.Second, false},
		{0, turnAway, 20 * time.Second, true},
		{1, 20*time.Second - 1, 20 * time.Second, false},
		{1, 20 * time.Second, 20 * time.Second, true},
		{0, time.Second, time.Second, true},
		{9, 0, 0, true},
	} {
		if got := drained(c.left, c.waited, c.limit); got != c.want {
			t.Errorf("with %d left after %v of %v: %v", c.left, c.waited, c.limit, got)
		}
	}
}

func TestRunKilled(t *testing.T) {
	ctx, kill := context.WithCancelCause(context.Background())
	r := start(t, ctx, time.Hour)
	kill(membership.ErrKilled)
	if err := r.wait(t); err != nil {
		t.Errorf("Run returned %v", err)
	}
	if !errors.Is(r.member.cause, membership.ErrKilled) {
		t.Errorf("membership was ended by %v", r.member.cause)
	}
	if state := r.member.View().Self.State; state != membership.Serving {
		t.Errorf("it said that it is %s", state)
	}
}

func TestRunFailsWithItsParts(t *testing.T) {
	r := start(t, context.Background(), time.Hour)
	r.member.fail <- errors.New("no socket")
	if err := r.wait(t); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("Run returned %v", err)
	}
	r = start(t, context.Background(), time.Hour)
	r.member.fail <- nil
	if err := r.wait(t); err == nil || !strings.Contains(err.Error(), "ended by itself") {
		t.Errorf("Run returned %v", err)
	}
}
