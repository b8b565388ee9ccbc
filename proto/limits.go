package proto

import "time"

// Facts of the protocol. They are constants and not settings, because both ends must agree on them.
const (
	// Version is the newest protocol version that this package speaks, and Oldest the oldest: clients and servers of
	// neighbouring releases meet while a fleet is rolled out. PROTOCOL.md, Versions, says what a new one may change.
	Version = 1
	Oldest  = 1
	// Subprotocol is negotiated in the WebSocket handshake; a client that does not offer it is refused with 400.
	Subprotocol = "ringside.v1"
	// TextSubprotocol is negotiated instead by a client that speaks JSON; PROTOCOL.md, Text frames.
	TextSubprotocol = "ringside.json.v1"

	// MaxRoomID is long enough for a UUID with a prefix and short enough for a log line.
	MaxRoomID = 64
	// MaxGameName likewise.
	MaxGameName = 32
	// MaxPlayerID holds a UUID or an e-mail address of usual length.
	MaxPlayerID = 64
	// MaxAlias bounds a player's alias. The servers here make aliases of 10 characters.
	MaxAlias = 16
	// MaxPlayerName bounds the display name, in characters: Unicode code points, which every language counts without tables.
	// Each has at most 4 bytes of UTF-8.
	MaxPlayerName      = 32
	MaxPlayerNameBytes = 4 * MaxPlayerName

	// MaxServerName holds a pod's name, which is a DNS label.
	MaxServerName = 63
	// MaxResume bounds a resume token, in bytes. The servers here make tokens of 21.
	MaxResume = 64
	// MaxSchema bounds the schema in a welcome, in bytes: some 2,000 fields.
	MaxSchema = 64 << 10

	// MaxSeats is how many players a room can have: a seat set must fit into one 64-bit word.
	MaxSeats = 64
	// MaxSpectators is how many may watch one room. More need a relay, since each costs a write per tick.
	MaxSpectators = 64

	// MaxClientMessage bounds a whole WebSocket message from a client, in bytes. A hello with a ticket is below 2 KiB and
	// an input message below 300 B; the read buffer is allocated before the payload arrives, so the bound is also
	// what one hostile connection can make the server allocate.
	MaxClientMessage = 8 << 10
	// MaxServerMessage bounds a whole WebSocket message from a server: a keyframe of the largest sensible room.
	MaxServerMessage = 1 << 20
	// MaxTicket bounds the ticket in a hello, in bytes.
	MaxTicket = 4 << 10
	// MaxOptions bounds a room's options, JSON in bytes: they travel in the ticket.
	MaxOptions = 1 << 10
	// MaxClaims bounds what the game's backend says of a player to the game, JSON in bytes: it travels in the ticket.
	MaxClaims = 1 << 10
	// MaxCustom bounds a custom message's payload, in bytes.
	MaxCustom = 1 << 10
	// MaxText bounds an error's or a reason's text, in bytes of UTF-8. A close frame holds at most 123.
	MaxText = 120
	// MaxURL bounds a URL in welcome, moved and prepare, in bytes.
	MaxURL = 256
	// MaxFallbacks is how many URLs a welcome names for the case that the server is lost.
	MaxFallbacks = 4
	// MaxOutcomeData bounds what a game adds to an outcome, in bytes.
	MaxOutcomeData = 1 << 10

	// MinTickRate and MaxTickRate bound a room's ticks per second.
	MinTickRate = 1
	MaxTickRate = 60

	// MaxSamples is how many input samples one input message may hold: all of the newest second at 60 ticks a second.
	MaxSamples = 64
	// MaxSampleBytes bounds one encoded sample.
	MaxSampleBytes = 64
	// InputWindow is how far a sample's number may be above the last processed one. Two seconds at 60 ticks: no
	// honest client is further ahead, and a seat's queue is bounded by it.
	InputWindow = 128
	// MaxSamplesPerTick is how many queued samples of one seat a tick takes. One is the rule; more let a client that
	// stalled catch up, and bound what a client that sends too fast can gain.
	MaxSamplesPerTick = 4

	// AckTolerance is by how much more than its round trip, and two ticks, a client may be behind with what it shows when it
	// sends an input: the jitter of the network.
	AckTolerance = 50 * time.Millisecond

	// MaxMessageRate is how many messages per second a client may send for long, MaxMessageBurst how many at once.
	// One input per tick at 60, pings and custom messages fit twice; a burst follows each stall of the network.
	MaxMessageRate  = 150
	MaxMessageBurst = 300

	// HelloTimeout is how long a connection may take to say hello.
	HelloTimeout = 5 * time.Second
	// SeatHold is how long a seat is kept for a player whose connection is gone.
	SeatHold = 15 * time.Second
	// SuspendedSearch is how long a client stays with a suspended room before it also looks for it elsewhere. A standby takes
	// over about 2 s after the leader has fallen silent, and a pause of a process is over by then.
	SuspendedSearch = 3 * time.Second
	// SlowClientTimeout is how long a client may take nothing before it is closed with CloseSlow.
	SlowClientTimeout = 10 * time.Second
	// SilenceTimeout is how long a client may send nothing at all before it is taken for gone.
	// A client sends a ping at least every 5 s when it has nothing else to say.
	SilenceTimeout = 20 * time.Second
)
