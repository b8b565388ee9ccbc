package console

// What tests of whole routers read.
type SnapshotChange = snapshotChange

const (
	WatchInterval = watchInterval
	WatchBeat     = watchBeat
	EventLeave    = eventLeave
)
