package registry

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
)

const (
	// askTime bounds a round of questions, beyond two round trips to the servers: a failed dial is known by then, and a player who
	// waits for the room hardly notices.
	askTime = 250 * time.Millisecond
	// relayTime is how long a server may be silent before it is asked through others; maxRelays is through how many.
	relayTime = 75 * time.Millisecond
	maxRelays = 3
	// restTime is how long the servers that are not needed are waited for, once the needed ones have answered.
	restTime = 15 * time.Millisecond
)

// ask asks other servers about the room, all at once, and gives the machine their replies.
func (e *entry) ask(a ownership.Ask) {
	r := e.r
	servers := slices.Clone(a.Servers)
	e.asked = time.Now() // after what was carried out before: room.QueueResume compares it with the suspension
	e.task(func() ownership.Event {
		return ownership.Replies{Round: a.Round, Replies: r.round(servers, a)}
	})
}

// round gives the replies, one for each server, or fewer if a leader was found before. It blocks for a round's time at most.
func (r *Registry) round(servers []string, a ownership.Ask) []ownership.Reply {
	slack := time.Duration(0)
	for _, s := range servers {
		slack = max(slack, r.roundTrip(s))
	}
	slack *= 2
	ctx, cancel := context.WithTimeout(r.ctx, askTime+slack)
	defer cancel()
	replies := make(chan ownership.Reply, len(servers))
	f := r.current()
	for _, s := range servers {
		r.tasks.Go(func() { replies <- r.query(ctx, f, s, a.Query, relayTime+slack) }) // Run waits for this task already
	}
	all := make([]ownership.Reply, 0, len(servers))
	needed := len(servers)
	if a.Needed != nil {
		needed = 0
		for _, s := range servers {
			if slices.Contains(a.Needed, s) {
				needed++
			}
		}
	}
	rest := time.NewTimer(time.Hour)
	defer rest.Stop()
	if needed == 0 {
		rest.Reset(restTime + slack)
	}
	for len(all) < len(servers) {
		select {
		case got := <-replies:
			all = append(all, got)
			r.count(got)
			if got.Evidence == ownership.Answered && got.Answer.Holding == ownership.Leading && a.Floor.Instance == got.Answer.Epoch.Instance &&
				!got.Answer.Epoch.Less(a.Floor) {
				return all // the rest is of no interest
			}
			if a.Needed != nil && slices.Contains(a.Needed, got.Server) {
				if needed--; needed == 0 {
					rest.Reset(restTime + slack)
				}
			}
		case <-rest.C:
			for _, s := range servers {
				if !slices.ContainsFunc(all, func(p ownership.Reply) bool { return p.Server == s }) {
					all = append(all, ownership.Reply{Server: s, Evidence: ownership.Silent})
				}
			}
		}
	}
	return all
}

// query asks one server, directly and, when that is silent or refuses, through others that may reach it.
func (r *Registry) query(ctx context.Context, f *fleet, server string, q ownership.Query, patience time.Duration) ownership.Reply {
	direct := make(chan ownership.Reply, 1)
	r.tasks.Go(func() {
		a, err := r.config.Links.Query(ctx, server, f.address(server), q)
		direct <- reply(server, a, err)
	})
	timer := time.NewTimer(patience)
	defer timer.Stop()
	first := ownership.Reply{Server: server, Evidence: ownership.Silent}
	waiting := true
	select {
	case got := <-direct:
		if got.Evidence == ownership.Answered || got.Evidence == ownership.GoneHere {
			return got
		}
		first, waiting = got, false
	case <-timer.C:
	}
	relayed := make(chan ownership.Reply, maxRelays)
	relays := f.relays(server)
	for _, via := range relays {
		r.tasks.Go(func() {
			a, err := r.config.Links.QueryThrough(ctx, via, f.address(via), server, q)
			relayed <- reply(server, a, err)
		})
	}
	for n := len(relays); n > 0 || waiting; {
		select {
		case got := <-direct:
			waiting = false
			if got.Evidence == ownership.Answered || got.Evidence == ownership.GoneHere {
				return got
			}
			first = got
		case got := <-relayed:
			n--
			if got.Evidence == ownership.Answered {
				return got
			}
		}
	}
	return first
}

// relays are a few servers through which another one can be asked.
func (f *fleet) relays(server string) (names []string) {
	for _, s := range f.Servers {
		if s.Presence == ownership.Present && s.Name != server && len(names) < maxRelays {
			names = append(names, s.Name)
		}
	}
	return names
}

func reply(server string, a ownership.Answer, err error) ownership.Reply {
	if err != nil {
		return ownership.Reply{Server: server, Evidence: evidence(err)}
	}
	return ownership.Reply{Server: server, Answer: a}
}

// evidence is what an error of a link proves.
func evidence(err error) ownership.Evidence {
	switch {
	case errors.Is(err, replication.ErrGone):
		return ownership.GoneHere
	case errors.Is(err, replication.ErrRefusedDial):
		return ownership.RefusedFar
	case errors.Is(err, replication.ErrIncompatible):
		return ownership.Misfit
	case errors.Is(err, replication.ErrLocal), errors.Is(err, replication.ErrBusy), errors.Is(err, replication.ErrStopped):
		return ownership.NoAnswer
	}
	return ownership.Silent
}

// count counts one reply.
func (r *Registry) count(got ownership.Reply) {
	result := "timeout"
	switch got.Evidence {
	case ownership.Answered:
		result = got.Answer.Holding.String()
	case ownership.GoneHere, ownership.RefusedFar, ownership.Misfit:
		result = "refused"
	}
	r.metrics.Claims.WithLabelValues(result).Inc()
}
