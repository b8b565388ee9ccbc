package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// fault is one thing that is done to a fleet under test, and taken back; the fleet is whole before, and waited for after.
// do fills in what it did.
type fault struct {
	kind string
	do   func(ctx context.Context, b *bed, e *event) error
}

// event is a fault that was done.
type event struct {
	Kind   string    `json:"kind"`
	Server string    `json:"server"` // to which
	What   string    `json:"what,omitempty"`
	At     time.Time `json:"at"`
	Rooms  int       `json:"rooms,omitempty"`   // it led before, where they are to be drained
	Drain  float64   `json:"drain_s,omitempty"` // until it led none
	Whole  float64   `json:"whole_s"`           // from the end of the fault
	Lacked string    `json:"lacked,omitempty"`  // last, before it was whole
	Again  quantiles `json:"again_ms"`          // players of its rooms, from At to their next frame, where the server was lost
	Moves  int       `json:"failovers"`         // such players
}

var (
	killing  = fault{"kill -9", killServer}
	stopping = fault{"stop", stopServer}
	draining = fault{"drain", drainServer}
	joining  = fault{"join", joinServer}
	pausing  = fault{"pause", pauseServer}
	deafness = fault{"router kill -9", killRouter}
	updating = fault{"router restart", restartRouters}
	rolling  = fault{"rolling restart", restartAll}
	silence  = fault{"silence", silenceServer}
	islands  = fault{"one server cut off", cutOffOne}
	halves   = fault{"cut in two", cutInTwo}
	oneWay   = fault{"cut one way", cutOneWay}
	apart    = fault{"two members cut apart", cutTwoApart}
	mire     = fault{"slow and lossy", slowServer}

	pausingAll    = fault{"pause of all servers", pauseAll}
	refusedApart  = fault{"two members refuse each other", refuseTwo}
	refusedHalves = fault{"two parts refuse each other", refuseHalves}
)

// begin notes that the fault begins now, at server.
func (e *event) begin(server string) { e.Server, e.At = server, time.Now() }

// killServer kills a game server; one of the same name comes soon, or at once.
func killServer(ctx context.Context, b *bed, e *event) error {
	e.begin(b.anyOf(b.servers()))
	b.kill(e.Server)
	if err := pauseFor(ctx, b.between(0, 2*time.Second)); err != nil {
		return err
	}
	return b.start(e.Server)
}

// stopServer has a game server end by SIGTERM, and starts it again.
func stopServer(ctx context.Context, b *bed, e *event) error {
	name := b.anyOf(b.servers())
	if err := b.count(ctx, name, e); err != nil {
		return err
	}
	if err := b.end(name); err != nil {
		return err
	}
	e.Drain = time.Since(e.At).Seconds()
	return b.start(name)
}

// count notes how many rooms server leads, and that the fault begins now.
func (b *bed) count(ctx context.Context, server string, e *event) error {
	s, err := b.api.server(ctx, server)
	e.Rooms = s.Rooms
	e.begin(server)
	return err
}

const (
	// drainLimit is how long a drain by the fleet's API may take.
	drainLimit = 20 * time.Second
	drainPoll  = 10 * time.Millisecond
)

// drainServer has a game server drained by a router, and puts it back into service when it leads no room.
func drainServer(ctx context.Context, b *bed, e *event) error {
	name := b.anyOf(b.servers())
	if err := b.count(ctx, name, e); err != nil {
		return err
	}
	if err := b.api.operate(ctx, b.anyOf(b.routers()), name, "drain"); err != nil {
		return err
	}
	for left := e.Rooms; left > 0; {
		if err := pauseFor(ctx, drainPoll); err != nil {
			return err
		}
		s, err := b.api.server(ctx, name)
		if err != nil {
			return err
		}
		left = s.Rooms
		e.Drain = time.Since(e.At).Seconds()
		if e.Drain > drainLimit.Seconds() {
			return fmt.Errorf("%s still leads %d rooms %v after it was told to drain", name, left, drainLimit)
		}
	}
	return b.api.operate(ctx, b.anyOf(b.routers()), name, "undrain")
}

// joinServer has the spare server join, and leave when rooms have come to it.
func joinServer(ctx context.Context, b *bed, e *event) error {
	name := b.site.spare()
	e.begin(name)
	if err := b.start(name); err != nil {
		return err
	}
	if _, _, err := b.wait(ctx); err != nil {
		return err
	}
	return b.end(name)
}

// pauseServer stops a game server's process for 0.3 to 5 s, short and long ones in equal parts.
func pauseServer(ctx context.Context, b *bed, e *event) error {
	d := b.between(300*time.Millisecond, time.Second)
	if b.rng.IntN(2) == 0 {
		d = b.between(time.Second, 5*time.Second)
	}
	e.What = fmt.Sprintf("for %.2f s", d.Seconds())
	e.begin(b.anyOf(b.servers()))
	if err := pause(b.up[e.Server]); err != nil {
		return err
	}
	err := pauseFor(ctx, d)
	return errors.Join(err, resume(b.up[e.Server]))
}

// wakingGap is the time from the waking of one server to that of the next.
const wakingGap = 1500 * time.Millisecond

// pauseAll stops all game servers' processes at once for 4 to 10 s, and wakes them one by one in a random order.
func pauseAll(ctx context.Context, b *bed, e *event) (err error) {
	servers := b.servers()
	b.rng.Shuffle(len(servers), func(i, j int) { servers[i], servers[j] = servers[j], servers[i] })
	d := b.between(4*time.Second, 10*time.Second)
	e.What = fmt.Sprintf("for %.2f s, woken in the order %v", d.Seconds(), servers)
	e.begin("")
	for _, name := range servers {
		err = errors.Join(err, pause(b.up[name]))
	}
	err = errors.Join(err, pauseFor(ctx, d))
	for _, name := range servers {
		err = errors.Join(err, resume(b.up[name]), pauseFor(ctx, wakingGap))
	}
	return err
}

// killRouter kills a router; one of the same name comes soon.
func killRouter(ctx context.Context, b *bed, e *event) error {
	e.begin(b.anyOf(b.routers()))
	b.kill(e.Server)
	if err := pauseFor(ctx, b.between(time.Second, 3*time.Second)); err != nil {
		return err
	}
	return b.start(e.Server)
}

// restartRouters restarts all routers one after another, each when the one before is ready.
func restartRouters(ctx context.Context, b *bed, e *event) error {
	e.begin("all routers")
	return b.restart(ctx, b.routers(), e)
}

// restartAll restarts all game servers one after another, each when the one before is ready, as orchestrators do.
func restartAll(ctx context.Context, b *bed, e *event) error {
	e.begin("all")
	return b.restart(ctx, b.servers(), e)
}

func (b *bed) restart(ctx context.Context, names []string, e *event) error {
	for _, name := range names {
		if err := b.end(name); err != nil {
			return err
		}
		if err := b.start(name); err != nil {
			return err
		}
		if err := b.ready(ctx, name); err != nil {
			return err
		}
	}
	e.Drain = time.Since(e.At).Seconds()
	return nil
}

// ready waits until a member says that it is.
func (b *bed) ready(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, fleet.ReadyTimeout, fmt.Errorf("%s was not ready after %v", name, fleet.ReadyTimeout))
	defer cancel()
	for b.api.ready(ctx, name) != nil {
		if pauseFor(ctx, fleet.ReadyPoll) != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// The faults below need namespaces.

// cutFor draws how long a network stays broken: for less time than gossip needs to notice, or for more.
func (b *bed) cutFor(e *event) time.Duration {
	d := b.between(time.Second, 8*time.Second)
	e.What += fmt.Sprintf("for %.2f s", d.Seconds())
	return d
}

// silenceServer unplugs a game server's host, for long enough that it is given up.
func silenceServer(ctx context.Context, b *bed, e *event) error {
	d := b.between(4*time.Second, 8*time.Second)
	e.What = fmt.Sprintf("for %.2f s", d.Seconds())
	e.begin(b.anyOf(b.servers()))
	if err := b.site.net.unplug(ctx, e.Server); err != nil {
		return err
	}
	return errors.Join(pauseFor(ctx, d), b.site.net.plug(context.WithoutCancel(ctx), e.Server))
}

// cutOffOne cuts one game server off from all other members; clients reach everybody.
func cutOffOne(ctx context.Context, b *bed, e *event) error {
	e.begin(b.anyOf(b.servers()))
	return b.cutApart(ctx, e, []string{e.Server})
}

// cutInTwo cuts the members in two parts; clients reach everybody.
func cutInTwo(ctx context.Context, b *bed, e *event) error { return b.cutApart(ctx, e, b.part(e)) }

// part draws a part of the members, and notes that the fault begins now.
func (b *bed) part(e *event) []string {
	members := append(b.routers(), b.servers()...)
	b.rng.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	part := members[:1+b.rng.IntN(len(members)-1)]
	slices.Sort(part)
	e.What = fmt.Sprintf("%v ", part)
	e.begin("")
	return part
}

// pair draws a game server and another member, and notes that the fault begins now.
func (b *bed) pair(e *event) (server, other string) {
	server = b.anyOf(b.servers())
	other = b.anyOf(b.besides(server))
	e.What = fmt.Sprintf("and %s ", other)
	e.begin(server)
	return server, other
}

// besides are the members that are not in part.
func (b *bed) besides(part ...string) []string {
	return slices.DeleteFunc(append(b.routers(), b.servers()...), func(m string) bool { return slices.Contains(part, m) })
}

// cutApart cuts part off from the other members.
func (b *bed) cutApart(ctx context.Context, e *event, part []string) error {
	var pairs [][2]string
	for _, a := range part {
		for _, other := range b.besides(part...) {
			pairs = append(pairs, [2]string{a, other}, [2]string{other, a})
		}
	}
	return b.cutPairs(ctx, b.cutFor(e), pairs)
}

// cutTwoApart cuts a game server and another member off from each other, and from nobody else.
func cutTwoApart(ctx context.Context, b *bed, e *event) error {
	server, other := b.pair(e)
	return b.cutPairs(ctx, b.cutFor(e), [][2]string{{server, other}, {other, server}})
}

// refuseTwo makes a game server and another member refuse each other; clients and other members reach both.
func refuseTwo(ctx context.Context, b *bed, e *event) error {
	server, other := b.pair(e)
	return b.refuseEach(ctx, e, []string{server}, []string{other})
}

// refuseHalves makes two parts of the members refuse each other; clients reach both.
func refuseHalves(ctx context.Context, b *bed, e *event) error {
	part := b.part(e)
	return b.refuseEach(ctx, e, part, b.besides(part...))
}

// refuseEach makes each of some members and each of others refuse each other for a while.
func (b *bed) refuseEach(ctx context.Context, e *event, some, others []string) (err error) {
	d := b.cutFor(e)
	for _, one := range some {
		for _, other := range others {
			err = errors.Join(err, b.site.net.refuse(ctx, one, other))
		}
	}
	err = errors.Join(err, pauseFor(ctx, d))
	return errors.Join(err, b.site.net.admit(context.WithoutCancel(ctx), append(some, others...)...))
}

// cutOneWay loses what one game server sends to some of the other members; it hears them.
func cutOneWay(ctx context.Context, b *bed, e *event) error {
	e.begin(b.anyOf(b.servers()))
	others := b.besides(e.Server)
	b.rng.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	others = others[:1+b.rng.IntN(len(others))]
	slices.Sort(others)
	e.What = fmt.Sprintf("to %v ", others)
	var pairs [][2]string
	for _, other := range others {
		pairs = append(pairs, [2]string{e.Server, other})
	}
	return b.cutPairs(ctx, b.cutFor(e), pairs)
}

// cutPairs loses for d what the first of each pair sends to the second.
func (b *bed) cutPairs(ctx context.Context, d time.Duration, pairs [][2]string) (err error) {
	for _, p := range pairs {
		err = errors.Join(err, b.site.net.cut(ctx, p[0], p[1]))
	}
	err = errors.Join(err, pauseFor(ctx, d))
	for _, p := range pairs {
		err = errors.Join(err, b.site.net.join(context.WithoutCancel(ctx), p[0], p[1]))
	}
	return err
}

// slowServer makes a game server's network slow and lossy in one direction.
func slowServer(ctx context.Context, b *bed, e *event) error {
	d := b.cutFor(e)
	e.begin(b.anyOf(b.servers()))
	if err := b.site.net.slow(ctx, e.Server); err != nil {
		return err
	}
	return errors.Join(pauseFor(ctx, d), b.site.net.quick(context.WithoutCancel(ctx), e.Server))
}
