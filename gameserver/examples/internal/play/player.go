package play

import (
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// Player is a client in a room, whose samples are of type T.
type Player[T any] struct {
	Alias    proto.Alias
	Seat     proto.Seat
	Outcomes <-chan proto.Outcome

	f      *Fleet
	client *goclient.Client
	frames chan chan struct{} // each holds the client still between two frames
	inputs *goclient.Inputs[T]
}

// Enter lets a player into the one room of the fleet. The router knows the game server a moment after it has started.
func Enter[T any](f *Fleet, game proto.GameName, name string) *Player[T] {
	f.t.Helper()
	outcomes := make(chan proto.Outcome, 16)
	p := &Player[T]{Outcomes: outcomes, f: f, frames: make(chan chan struct{})}
	config := goclient.Config{
		Router:  f.Router,
		Request: goclient.Request{Game: game, Room: "a-room", Player: goclient.Player{Name: name}},
		Events: goclient.Events{
			Frame:   func(*goclient.Client) { p.pause() },
			Outcome: func(_ *goclient.Client, o proto.Outcome) { outcomes <- o },
		},
	}
	var err error
	for p.client, err = goclient.Dial(f.ctx, config); err != nil; p.client, err = goclient.Dial(f.ctx, config) {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-f.ctx.Done():
			f.t.Fatal(err)
		}
	}
	p.Alias, p.Seat = p.client.Welcome().Alias, p.client.Welcome().Seat
	codec, err := state.NewCodec[T]()
	if err != nil {
		f.t.Fatal(err)
	}
	if p.inputs, err = goclient.NewInputs(p.client, codec); err != nil {
		f.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- p.client.Run(f.ctx) }()
	f.t.Cleanup(func() {
		p.client.Close()
		if err := <-done; err != nil {
			f.t.Errorf("%s: %v", name, err)
		}
	})
	return p
}

// pause lets Look read the state, if it wants to.
func (p *Player[T]) pause() {
	select {
	case done := <-p.frames:
		<-done
	default:
	}
}

// Look calls look with the room's state as of the newest frame, until it is content. want says what is waited for.
func (p *Player[T]) Look(want string, look func(*state.Store) bool) {
	p.f.t.Helper()
	for {
		done := make(chan struct{})
		select {
		case p.frames <- done:
			if p.look(done, look) {
				return
			}
		case <-p.f.ctx.Done():
			p.f.t.Fatalf("waited in vain for %s", want)
		}
	}
}

func (p *Player[T]) look(done chan struct{}, look func(*state.Store) bool) bool {
	defer close(done) // also when look ends the test
	return look(p.client.State())
}

// Send sends a sample.
func (p *Player[T]) Send(sample T) {
	p.f.t.Helper()
	if _, err := p.inputs.Send(sample); err != nil {
		p.f.t.Fatal(err)
	}
}

// Outcome waits for the outcome of a match.
func (p *Player[T]) Outcome() proto.Outcome {
	p.f.t.Helper()
	select {
	case o := <-p.Outcomes:
		return o
	case <-p.f.ctx.Done():
		p.f.t.Fatal("no outcome came")
	}
	panic("unreachable")
}
