// Package goclient is the reference client: it enters a room, keeps a replica of the room's state, sends inputs, and
// comes back to its seat when the connection or the server is lost.
//
//	c, err := goclient.Dial(ctx, goclient.Config{Router: "http://127.0.0.1:8080", Request: goclient.Request{Game: "arena"},
//		Events: goclient.Events{Frame: play}})
//	inputs, err := goclient.NewInputs(c, codec) // of state.NewCodec[Input]()
//	err = c.Run(ctx)
//
// A client is one goroutine: whoever calls Run. It reads, applies what it reads to the state, and calls the Events. The
// state is touched by nobody else, so State, Tick, Welcome and the other methods that say so are for the events, and
// for the caller of Dial until it calls Run. Sending (Inputs, SendCustom, Leave), Close and Stats may be called from any
// goroutine. A write to a server that takes nothing fails after writeTimeout and costs the connection.
//
// A server that will be replaced tells the client to prepare: another goroutine then opens the next connection and waits
// on it, and Run changes over when the room has moved there. When a server is lost, Run asks the standbys that the
// welcome named, first and at once. Each change of connection is told by Events.Moved with what the player missed; what
// no server may do to a player is a Violation.
//
// While a room is suspended a timer sends the pings. After proto.SuspendedSearch another goroutine looks for the room at
// the fallbacks and the router, and Run changes over if it is led there.
//
// A client stays in the instance of the room that it first entered. When that is over, Events.RoomLost says so, once, and
// Run ends: to enter another instance of the room is a new Dial.
//
// The next server may be of another version of the game, with other tables. The seat and the samples go on there, but what
// the app has looked up in the state belongs to the state before: Events.Schema is where it does so again.
//
//	Dial ──> ask router ──> upgrade, follow redirects ──> hello ──> welcome, keyframe ──┐
//	              ^                    ^                                                v
//	              └──── plan.next ─────┴──────────── connection ended ──────────────── Run: read, apply, events
package goclient
