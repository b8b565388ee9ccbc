//go:build race

package network

import "sync/atomic"

// sends orders what was done before a send before what is done after the receive, as package syscall does it for its own
// calls; the race detector sees no system calls.
var sends atomic.Uint32

func noteSend()    { sends.Add(1) }
func noteReceive() { sends.Load() }
