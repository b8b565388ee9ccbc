package replication

import "errors"

// Errors of Claim and of streams that are lost. They are wrapped with what was asked of whom, or what happened.
var (
	// ErrGone: the address refuses connections, or another server answers there. The process is no more.
	ErrGone = errors.New("server is gone")
	// ErrTimeout: nothing came in time. The process may be alive and cut off.
	ErrTimeout = errors.New("server does not answer")
	// ErrRefused: the two servers do not go together: other key, cluster or protocol version.
	ErrRefused = errors.New("link was refused")
	// ErrBroken: the connection broke; for Claim, a second one too. Dialling again tells whether the process is gone.
	ErrBroken = errors.New("link broke")
	// ErrBusy: the link's outbox or its table of requests is full.
	ErrBusy = errors.New("link is busy")
	// ErrStopped: this server's links have stopped.
	ErrStopped = errors.New("links have stopped")
)
