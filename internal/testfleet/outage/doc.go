// Package outage tests what becomes of outcomes when real processes and disks fail: it has no code. Each test starts a router with a
// results store and game servers that run a game of short matches, breaks something, and compares what players have heard with what
// the store has.
package outage
