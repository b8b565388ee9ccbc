// Package spool keeps decided outcomes on this server's disk until a results store has them, so that they survive the end
// of every process of the fleet and a long outage of the store.
//
// A room's tick hands over a slice with Queue and never waits: the goroutine of Run writes what has been queued since its
// last write with one write and one fdatasync (group commit), and then reports those records durable. The client of the
// store takes them with Pending, sends them, and calls Acknowledge. Acknowledged records leave the file when they take more
// space than the rest. An acknowledgement is not written: after a crash some records are sent again, and the store knows
// their ids.
//
// Gameserver/server opens the spool of -data DIR before it serves, logs State().Damaged, runs Run beside its other
// loops, and ends it after the last room has ended. Without -data it uses InMemory. Package delivery is the client.
//
// One mutex guards the list of records. It is never held across a system call.
package spool
