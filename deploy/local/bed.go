package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// bed is a fleet under test, in which processes come and go, and the bots that play on it. It belongs to one goroutine,
// which stays on its thread; see process.start.
type bed struct {
	site    *site
	config  config
	builder fleet.Builder
	rng     *rand.Rand
	log     *fleet.Console // of the processes
	api     *api
	up      map[string]*fleet.Child // members that run, paused and unplugged ones too, by name
	bots    *fleet.Child
	players int  // that the bots bring
	mixed   bool // others play too, so players are not counted
}

// spare is the server that joins now and then; the others run all the time.
func (s *site) spare() string { return s.members[len(s.members)-1] }

func newBed(s *site, c config, bin string, rng *rand.Rand, log *fleet.Console) *bed {
	var addresses []fleet.Address
	for _, name := range s.members {
		addresses = append(addresses, s.addr[name])
	}
	return &bed{site: s, config: c, builder: fleet.Builder{Bin: bin, Seeds: fleet.Seeds(addresses), LogLevel: c.logLevel}, rng: rng, log: log, api: newAPI(s), up: map[string]*fleet.Child{}}
}

// open starts all members but the spare one, and waits until they are whole.
func (b *bed) open(ctx context.Context) error {
	for _, name := range b.site.members[:len(b.site.members)-1] {
		if err := b.start(name); err != nil {
			return err
		}
	}
	_, _, err := b.wait(ctx)
	return err
}

func isRouter(name string) bool { return strings.HasPrefix(name, "router") }

// start starts the member of that name, again with what it was started with before.
func (b *bed) start(name string) error {
	a := b.site.addr[name]
	p := b.builder.Router(name, a, append([]string{"-mode", b.config.mode}, b.site.routerArgs...)...)
	if !isRouter(name) {
		host, _, _ := strings.Cut(a.Gossip, ":")
		args := []string{"-peer", host + ":0", "-checks"}
		if b.site.net != nil { // clients get another port than the api
			args = append(args, "-listen", host+":0", "-inside", a.HTTP)
		}
		p = b.builder.GameServer(name, a, append(args, b.site.serverArgs...)...)
	}
	if b.site.net != nil && !isRouter(name) {
		host, _, _ := strings.Cut(a.Gossip, ":")
		p.Args = append(p.Args, "-listen", net.JoinHostPort(host, strconv.Itoa(sitePlay)), "-inside", a.HTTP)
	}
	if lb := b.site.balancer; lb != nil && isRouter(name) {
		p.Args = append(p.Args, "-mode", "proxy", "-drain", "20s")
	} else if lb != nil {
		p.Args = append(p.Args, "-listen", fleet.Loopback(0), "-inside", a.HTTP, "-public-url", lb.url()+"/v1/servers/"+name)
	}
	c, err := b.site.place(p).Start(b.log, slices.Index(b.site.members, name), make(chan *fleet.Child, 1))
	if err == nil {
		b.up[name] = c
	}
	return err
}

// kill ends a member at once, and returns when it is gone.
func (b *bed) kill(name string) {
	b.up[name].Kill()
	delete(b.up, name)
}

// exitLimit is how long a member may take to end: it drains for 20 s at most, and ends its parts within 5 s each.
const exitLimit = 40 * time.Second

// end asks a member to end, and waits for it. That it had to be killed is an error.
func (b *bed) end(name string) error {
	c := b.up[name]
	delete(b.up, name)
	fleet.Stop([]*fleet.Child{c}, exitLimit)
	if c.Err != nil {
		return fmt.Errorf("%s, told to end, ended with %s", name, c.Verdict())
	}
	return nil
}

// servers are the game servers that run, in order; routers likewise.
func (b *bed) servers() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(b.up)) {
		if !isRouter(name) {
			names = append(names, name)
		}
	}
	return names
}

func (b *bed) routers() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(b.up)) {
		if isRouter(name) {
			names = append(names, name)
		}
	}
	return names
}

// anyOf draws one of names.
func (b *bed) anyOf(names []string) string { return names[b.rng.IntN(len(names))] }

// between draws a duration.
func (b *bed) between(from, to time.Duration) time.Duration {
	return from + time.Duration(b.rng.Int64N(int64(to-from)+1))
}

// dead says which member has ended without having been told to, or nil.
func (b *bed) dead() error {
	for _, name := range slices.Sorted(maps.Keys(b.up)) {
		select {
		case <-b.up[name].Done:
			return fmt.Errorf("%s ended by itself: %s", name, b.up[name].Verdict())
		default:
		}
	}
	return nil
}

// botOptions are those of the rooms: a match is over after 8 s, so that results are at stake whatever is broken.
const botOptions = `{"tick_rate":20,"round_seconds":8}`

// tick is the tick length of these rooms.
const tick = 50 * time.Millisecond

// play starts bots, and waits until all are in.
func (b *bed) play(ctx context.Context, rooms, players int, file string) error {
	p := b.builder.Bots(b.site.entrance(), rooms, players, "-options", botOptions, "-json", file,
		"-seed", fmt.Sprint(b.config.seed))
	bots, err := b.site.place(p).Start(b.log, len(b.site.members), make(chan *fleet.Child, 1))
	if err != nil {
		return err
	}
	b.bots, b.players = bots, rooms*players
	_, _, err = b.wait(ctx)
	return err
}

// reportLimit is how long the bots may take to end and to report.
const reportLimit = 20 * time.Second

// finish ends the bots and gives their report.
func (b *bed) finish(file string) (*botReport, error) {
	fleet.Stop([]*fleet.Child{b.bots}, reportLimit)
	bots := b.bots
	b.bots, b.players = nil, 0
	r, err := readBots(file)
	if err != nil {
		return nil, fmt.Errorf("the bots ended with %s: %w", bots.Verdict(), err)
	}
	return r, nil
}

// close ends all that runs.
func (b *bed) close() {
	if b.bots != nil {
		fleet.Stop([]*fleet.Child{b.bots}, reportLimit)
	}
	var left []*fleet.Child
	for _, name := range slices.Sorted(maps.Keys(b.up)) {
		_ = resume(b.up[name])
		left = append(left, b.up[name])
	}
	fleet.Stop(left, fleet.StopTimeout)
	b.api.http.CloseIdleConnections()
	if b.site.balancer != nil {
		b.site.balancer.close()
	}
}

// pauseFor waits, unless ctx ends before.
func pauseFor(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

const (
	// wholeLimit bounds the wait for a fleet to be whole again: gossip heals within 5 s, rooms move home 2 s after.
	wholeLimit = 60 * time.Second
	wholePoll  = 100 * time.Millisecond
)

// wait waits until the fleet is whole, and says how long that took and what it lacked last.
func (b *bed) wait(ctx context.Context) (took time.Duration, lacked string, err error) {
	for begun := time.Now(); ; {
		if err := b.dead(); err != nil {
			return 0, "", err
		}
		err := b.lacking(ctx)
		if err == nil {
			return time.Since(begun), lacked, nil
		}
		if now := err.Error(); now != lacked {
			b.log.Printf("%s  not whole: %s\n", stamp(time.Now()), now)
			lacked = now
		}
		if time.Since(begun) > wholeLimit {
			return 0, "", fmt.Errorf("the fleet is not whole after %v: %w", wholeLimit, err)
		}
		if err := pauseFor(ctx, wholePoll); err != nil {
			return 0, "", err
		}
	}
}

// stamp is a time in the log, as the members write theirs.
func stamp(t time.Time) string { return t.Format("15:04:05.000") }

// lacking says what the fleet lacks to be whole: every router sees all members and reaches all servers, every room is led
// once, at home and with a copy where it would go next, and all players are connected.
func (b *bed) lacking(ctx context.Context) error {
	want := slices.Sorted(maps.Keys(b.up))
	for _, router := range b.routers() {
		members, err := b.api.fleet(ctx, router)
		if err != nil {
			return err
		}
		if err := members.match(want); err != nil {
			return fmt.Errorf("%s: %w", router, err)
		}
	}
	servers := b.servers()
	rooms := newRoomCheck(servers)
	for _, name := range servers {
		s, err := b.api.server(ctx, name)
		if err != nil {
			return err
		}
		led, err := b.api.rooms(ctx, name)
		if err != nil {
			return err
		}
		if err := rooms.add(s, led); err != nil {
			return err
		}
	}
	if b.bots != nil {
		select {
		case <-b.bots.Done:
			return errors.New("the bots have ended")
		default:
		}
	}
	if rooms.connected != b.players && !b.mixed {
		return fmt.Errorf("%d of %d players are connected", rooms.connected, b.players)
	}
	return nil
}

// reportFile is where bots report.
func reportFile(dir, phase string) string {
	return filepath.Join(dir, strings.ReplaceAll(phase, " ", "-")+".json")
}

// client for the members' HTTP; nothing is kept open, as what is at the other end comes and goes.
func httpClient(s *site) *http.Client {
	return &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DialContext: s.dial, DisableKeepAlives: true}}
}
