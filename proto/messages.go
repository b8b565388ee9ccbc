package proto

// CONTRACT STUB: the helper who owns proto splits this into one file a message with Append, Parse and tests.
// Append appends the whole record (kind, length, body). ParseX takes the record's body; slices in the result alias it.

// Hello is a client's first message.
type Hello struct {
	Version     uint16
	Fingerprint uint64 // of the schema the client was built for; 0 when it takes the schema from the welcome
	Flags       HelloFlags
	Epoch       Epoch  // the newest epoch this client has seen of the room; zero for the first time
	LastTick    Tick   // the newest tick it has decoded; 0 for the first time
	Ticket      string // may be empty when Resume is not
	Resume      []byte // resume token from a welcome; may be empty
}

type HelloFlags uint8

const (
	// HelloWait asks the server to hold the connection until it leads the room (the next connection of a handoff).
	HelloWait HelloFlags = 1 << 0
)

// Input carries samples First, First+1, ... packed one after another as the input schema's deltas (see state.Codec).
type Input struct {
	First   Seq
	Ack     Tick // newest tick decoded by the client
	Count   int  // 1 to MaxSamples
	Samples []byte
}

type Ping struct{ Micros uint64 } // client's clock, any origin

type Leave struct{ Reason string }

// Custom is the game's own message, either way; the server hands it to the game as it is.
type Custom struct{ Payload []byte }

type WelcomeFlags uint8

const (
	WelcomeSpectator WelcomeFlags = 1 << 0
	WelcomeResumed   WelcomeFlags = 1 << 1 // the seat was held and is taken up again
	WelcomeChecks    WelcomeFlags = 1 << 2 // a check message comes every second
)

type Welcome struct {
	Version   uint16
	Flags     WelcomeFlags
	Room      RoomID
	Game      GameName
	Player    PlayerID
	Seat      Seat
	TickRate  uint8
	Tick      Tick // the tick of the keyframe that follows
	Processed Seq  // last processed input of this seat
	Epoch     Epoch
	Server    string   // stable name of the server
	Resume    []byte   // resume token; empty for spectators
	Fallbacks []string // WebSocket URLs to try, in order, when this connection is lost
	Schema    []byte   // see state.ParseSchema
}

// Keyframe is the whole public state after Tick.
type Keyframe struct {
	Tick Tick
	Body []byte
}

// Delta is what Tick changed of the public state. On the wire only the low 16 bits of the tick.
type Delta struct {
	Tick uint16
	Body []byte
}

// Own is what a seat alone gets, before the delta (KindOwn) or the keyframe (KindOwnKeyframe) of the same message.
type Own struct {
	Full      bool   // KindOwnKeyframe
	Processed uint16 // low 16 bits of the seat's last processed input number
	Slack     uint8  // ms that the newest input waited for this tick; 255: none came
	Private   []byte // private part's delta or keyframe; may be empty
}

// NoSlack means that no input came for the tick.
const NoSlack = 255

type Moved struct {
	URL      string
	Server   string
	Ticket   string // may be empty: the client's own goes on
	Epoch    Epoch
	WithinMs uint32 // the client may take so long to change over; 0: at once
}

type Prepare struct{ Moved }

// Outcome is how a match ended.
type Outcome struct {
	Match   uint32 // counts the room's matches from 1
	Tick    Tick
	Results []Result
	Data    []byte // the game's own
}

type Result struct {
	Seat   Seat
	Player PlayerID
	Place  uint8 // 1 is first; equal places are a draw
	Score  int32
}

type Pong struct {
	Micros uint64 // the ping's
	Server uint64 // server's clock, Unix time in microseconds
}

type Error struct {
	Code    CloseCode
	RetryMs uint32 // wait so long before trying again; 0: no advice
	Text    string
}

// Check lets a client compare its public state after Tick with the server's.
type Check struct {
	Tick Tick
	Hash uint32 // state.Store.Hash
}

func (m Hello) Append(b []byte) []byte    { panic("stub") }
func (m Input) Append(b []byte) []byte    { panic("stub") }
func (m Ping) Append(b []byte) []byte     { panic("stub") }
func (m Leave) Append(b []byte) []byte    { panic("stub") }
func (m Custom) Append(b []byte) []byte   { panic("stub") }
func (m Welcome) Append(b []byte) []byte  { panic("stub") }
func (m Keyframe) Append(b []byte) []byte { panic("stub") }
func (m Delta) Append(b []byte) []byte    { panic("stub") }
func (m Own) Append(b []byte) []byte      { panic("stub") }
func (m Moved) Append(b []byte) []byte    { panic("stub") }
func (m Prepare) Append(b []byte) []byte  { panic("stub") }
func (m Outcome) Append(b []byte) []byte  { panic("stub") }
func (m Pong) Append(b []byte) []byte     { panic("stub") }
func (m Error) Append(b []byte) []byte    { panic("stub") }
func (m Check) Append(b []byte) []byte    { panic("stub") }

func ParseHello(b []byte) (Hello, error)       { panic("stub") }
func ParseInput(b []byte) (Input, error)       { panic("stub") }
func ParsePing(b []byte) (Ping, error)         { panic("stub") }
func ParseLeave(b []byte) (Leave, error)       { panic("stub") }
func ParseCustom(b []byte) (Custom, error)     { panic("stub") }
func ParseWelcome(b []byte) (Welcome, error)   { panic("stub") }
func ParseKeyframe(b []byte) (Keyframe, error) { panic("stub") }
func ParseDelta(b []byte) (Delta, error)       { panic("stub") }
func ParseOwn(k Kind, b []byte) (Own, error)   { panic("stub") }
func ParseMoved(b []byte) (Moved, error)       { panic("stub") }
func ParsePrepare(b []byte) (Prepare, error)   { panic("stub") }
func ParseOutcome(b []byte) (Outcome, error)   { panic("stub") }
func ParsePong(b []byte) (Pong, error)         { panic("stub") }
func ParseError(b []byte) (Error, error)       { panic("stub") }
func ParseCheck(b []byte) (Check, error)       { panic("stub") }
