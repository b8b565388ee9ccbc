package main

import (
	"context"
	"fmt"
	"time"
)

// phase is a part of a chaos run, with a fleet and bots of its own so that its figures are its own.
type phase struct {
	name       string
	faults     []fault // each once, in an order of the seed; then drawn until the phase's time is over
	share      int     // of the run's time; 0: each fault once is all
	namespaces bool    // members are on hosts of their own
	refusal    bool    // and can be made to refuse each other
	balanced   bool    // clients reach the routers only, through a load balancer
	crowd      int     // rooms of one player for each server, in place of the run's rooms
	target     target
}

// target is a speed to reach. Missing it fails nothing: a machine that is busy with other things is slow.
type target struct {
	text string
	met  func(*outcome) bool
}

var (
	planned = target{"0 missed, p99 < 2 ticks", func(o *outcome) bool {
		h := o.Bots.Moves["handoff"]
		return h.Missed == 0 && h.Gap.P99 < float64((2*tick).Milliseconds())
	}}
	drained = target{"100 rooms in 2 s", func(o *outcome) bool {
		e := o.slowestDrain()
		return e != nil && e.Drain < 2*max(1, float64(e.Rooms)/100)
	}}
	survived = target{"p99 ≤ 150 ms, ≤ 2 again", func(o *outcome) bool {
		return o.Again.P99 <= 150 && o.Bots.Moves["failover"].MostReplays <= 2
	}}
	unnoticed = target{"0 missed, all prepared", func(o *outcome) bool {
		r := o.Bots.Moves["reconnect"]
		return r.Count > 0 && r.Missed == 0 && r.Prepared == r.Count
	}}
	noticed = target{"all < 2.5 s", func(o *outcome) bool { return o.Again.Max < 2500 }}
)

// slowPhase needs more of the kernel than namespaces.
const slowPhase = "slow"

var phases = []phase{
	{name: "steady", share: 1},
	{name: "planned", faults: []fault{stopping, draining, joining}, share: 3, target: planned},
	{name: "100 rooms", faults: []fault{draining}, crowd: 100, target: drained},
	{name: "kill -9", faults: []fault{killing}, share: 3, target: survived},
	{name: "router", faults: []fault{deafness}, share: 1},
	{name: "router update", faults: []fault{updating}, balanced: true, target: unnoticed},
	{name: "pause", faults: []fault{pausing}, share: 3},
	{name: "pause all", faults: []fault{pausingAll}, share: 1},
	{name: "rolling", faults: []fault{rolling}, target: planned},
	{name: "silence", faults: []fault{silence}, share: 2, namespaces: true, target: noticed},
	{name: "partition", faults: []fault{islands, halves, oneWay, apart}, share: 3, namespaces: true},
	{name: "refusal", faults: []fault{refusedApart, refusedHalves}, share: 2, namespaces: true, refusal: true},
	{name: slowPhase, faults: []fault{mire}, share: 1, namespaces: true},
}

// run breaks b, which is new, for about length. What went wrong is in the outcome.
func (p phase) run(ctx context.Context, b *bed, length time.Duration, dir string) *outcome {
	o := &outcome{Events: []*event{}, Phase: p.name, Servers: b.config.servers, Rooms: b.config.bots, Players: b.config.players, Target: p.target.text}
	if p.crowd > 0 {
		o.Rooms, o.Players = p.crowd*b.config.servers, 1
	}
	defer b.close()
	begun := time.Now()
	err := p.breakAll(ctx, b, o, length, dir)
	o.Seconds = time.Since(begun).Seconds()
	if err != nil {
		o.Failures = append(o.Failures, err.Error())
	}
	if b.bots == nil {
		return o
	}
	if o.Bots, err = b.finish(reportFile(dir, p.name)); err != nil {
		o.Failures = append(o.Failures, err.Error())
		o.Bots = nil
		return o
	}
	o.attribute()
	o.Reached = p.target.met == nil || p.target.met(o)
	o.Failures = append(o.Failures, o.Bots.lost()...)
	return o
}

// calm is about how long a fleet that is whole is left alone.
const calm = time.Second

// breakAll opens the fleet, lets bots in and does one fault after another.
func (p phase) breakAll(ctx context.Context, b *bed, o *outcome, length time.Duration, dir string) error {
	if err := b.open(ctx); err != nil {
		return err
	}
	if err := b.play(ctx, o.Rooms, o.Players, reportFile(dir, p.name)); err != nil {
		return err
	}
	order := b.rng.Perm(len(p.faults))
	for begun, i := time.Now(), 0; i < len(p.faults) || time.Since(begun) < length; i++ {
		if err := pauseFor(ctx, b.between(b.config.calm/2, b.config.calm*3/2)); err != nil {
			return err
		}
		if len(p.faults) == 0 {
			continue
		}
		if _, _, err := b.wait(ctx); err != nil { // what the last fault left may have come to light only now
			return err
		}
		f := p.faults[b.rng.IntN(len(p.faults))]
		if i < len(order) {
			f = p.faults[order[i]]
		}
		e := &event{Kind: f.kind}
		o.Events = append(o.Events, e)
		if err := b.do(ctx, f, e); err != nil {
			return fmt.Errorf("%s of %q (fault %d): %w", f.kind, e.Server, i+1, err)
		}
	}
	return pauseFor(ctx, b.config.calm) // moves that are begun are ended and counted
}

// do does one fault and waits until the fleet is whole.
func (b *bed) do(ctx context.Context, f fault, e *event) error {
	err := f.do(ctx, b, e)
	b.log.Printf("%s  fault: %s %s %s, error: %v\n", stamp(e.At), e.Kind, e.Server, e.What, err)
	if err != nil {
		return err
	}
	whole, lacked, err := b.wait(ctx)
	e.Whole, e.Lacked = whole.Seconds(), lacked
	b.log.Printf("%s  whole again, error: %v\n", stamp(time.Now()), err)
	return err
}
