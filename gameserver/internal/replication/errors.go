package replication

import "errors"

// Errors of Query, QueryThrough and lost streams. Each is wrapped with what was asked of which server, or what happened.
var (
	// ErrGone: an address of this machine refuses connections, so the kernel that answers is the one that ran the process; or
	// a server of another name answers at the address, which it proves if the fleet has certificates. The process has ended.
	ErrGone = errors.New("server is gone")
	// ErrRefusedDial: the address refuses connections, across the network. It proves nothing: firewalls refuse too.
	ErrRefusedDial = errors.New("connection refused across the network, which proves nothing")
	// ErrTimeout: nothing came in time. The process may be alive and cut off.
	ErrTimeout = errors.New("server does not answer")
	// ErrLocal: no connection was tried: the dialling server has no route, descriptors, ports or memory. It says nothing about
	// the other side.
	ErrLocal = errors.New("this server could not dial")
	// ErrIncompatible: the two servers have no certificates of one CA, different clusters or protocol versions.
	ErrIncompatible = errors.New("servers are incompatible")
	// ErrBroken: the connection broke; for a query, the second one too. Dialling again tells more.
	ErrBroken = errors.New("link broke")
	// ErrBusy: the link's outbox or its table of queries is full.
	ErrBusy = errors.New("link is busy")
	// ErrStopped: this server's links have stopped.
	ErrStopped = errors.New("links have stopped")
	// ErrUnreachable: the relay that QueryThrough asked has tried to reach the target and could not. It is wrapped together
	// with one of ErrGone, ErrRefusedDial, ErrTimeout, ErrBroken and ErrIncompatible, as the relay found it.
	ErrUnreachable = errors.New("the relay cannot reach the server")
	// ErrRelay: the relay that QueryThrough asked has not tried: it forwards maxForwards queries already, knows no address of
	// the target, could not dial, or stops. It says nothing about the target.
	ErrRelay = errors.New("the relay did not forward the query")
)
