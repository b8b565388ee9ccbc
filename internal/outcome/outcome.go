package outcome

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ringside-go/ringside/proto"
)

// Limits of one outcome and of one batch.
const (
	// MaxBody holds proto.MaxSeats results with the longest names and proto.MaxOutcomeData bytes in base64.
	MaxBody = 32 << 10
	// MaxBatch is how many outcomes one batch may have: one transaction of some milliseconds.
	MaxBatch = 500
	// MaxBatchBytes bounds a batch's JSON. Batches are cut by size before they are cut by count only if every outcome is large.
	MaxBatchBytes = 4 << 20
)

// ErrInvalid is wrapped by every error about what another process or a caller sent.
var ErrInvalid = errors.New("invalid outcome")

// ID names an outcome for ever: the instance of a room, and the number of the match in it, from 1.
type ID struct {
	Instance proto.Instance
	Match    uint32
}

// String gives the instance in 16 hexadecimal digits, a hyphen and the match: "00c0ffee00c0ffee-3". It is the id of a
// webhook's message too.
func (id ID) String() string {
	return id.Instance.String() + "-" + strconv.FormatUint(uint64(id.Match), 10)
}

// ParseID reads what String gives.
func ParseID(s string) (ID, error) {
	instance, match, _ := strings.Cut(s, "-")
	var id ID
	n, err := strconv.ParseUint(match, 10, 32)
	if err == nil {
		id.Match = uint32(n)
		err = id.Instance.UnmarshalText([]byte(instance))
	}
	if err != nil || id.Instance == 0 || id.Match == 0 || id.String() != s {
		return ID{}, fmt.Errorf("%w: id %.40q; want 16 hexadecimal digits, a hyphen and a match number from 1", ErrInvalid, s)
	}
	return id, nil
}

// MarshalText gives what String does, so that an ID is a string in JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseID.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseID(string(text))
	return err
}

// Outcome is how a match ended, as a studio's backend reads it.
type Outcome struct {
	Instance proto.Instance `json:"instance"`
	Match    uint32         `json:"match"`
	Room     string         `json:"room"`
	Game     string         `json:"game"`
	Tick     uint32         `json:"tick"` // that decided it
	Results  []Result       `json:"results"`
	Data     []byte         `json:"data,omitempty"` // the game's own, in base64
}

// Result is one player's part.
type Result struct {
	Seat   uint8  `json:"seat"`             // proto.NoSeat: the player had left
	Player string `json:"player,omitempty"` // identity, for the backend only
	Alias  string `json:"alias"`            // by which clients know the player, in this instance only
	Name   string `json:"name,omitempty"`   // display name, shortened
	Place  uint8  `json:"place"`            // 1 is first; equal places are a draw
	Score  int32  `json:"score"`
}

// ID is the outcome's id.
func (o *Outcome) ID() ID { return ID{o.Instance, o.Match} }

// Encode gives the body. Equal outcomes have equal bodies.
func (o *Outcome) Encode() ([]byte, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if o.Results == nil {
		o.Results = []Result{} // [] and null are different bytes
	}
	return Encode(o)
}

// Parse reads a body. It refuses one that Encode could not have made.
func Parse(body []byte) (*Outcome, error) {
	if len(body) > MaxBody {
		return nil, fmt.Errorf("%w: body has %d bytes, at most %d are allowed", ErrInvalid, len(body), MaxBody)
	}
	o := new(Outcome)
	if err := json.Unmarshal(body, o); err != nil {
		return nil, fmt.Errorf("%w: body: %v", ErrInvalid, err)
	}
	again, err := o.Encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, body) {
		return nil, fmt.Errorf("%w: body of %v is not in the canonical form, so it cannot be compared with another; encode it with Outcome.Encode", ErrInvalid, o.ID())
	}
	return o, nil
}

func (o *Outcome) validate() error {
	if o.Instance == 0 || o.Match == 0 {
		return fmt.Errorf("%w: instance %v, match %d: neither can be 0", ErrInvalid, o.Instance, o.Match)
	}
	if _, err := proto.ParseRoomID(o.Room); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if _, err := proto.ParseGameName(o.Game); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if len(o.Results) > proto.MaxSeats || len(o.Data) > proto.MaxOutcomeData {
		return fmt.Errorf("%w: %v has %d results and %d bytes of data, at most %d and %d are allowed", ErrInvalid, o.ID(),
			len(o.Results), len(o.Data), proto.MaxSeats, proto.MaxOutcomeData)
	}
	for i, r := range o.Results {
		if left := r.Seat == uint8(proto.NoSeat); r.Seat >= proto.MaxSeats && !left ||
			slices.ContainsFunc(o.Results[:i], func(e Result) bool {
				return e.Seat == r.Seat && (!left || e.Alias == r.Alias || r.Player != "" && e.Player == r.Player)
			}) {
			return fmt.Errorf("%w: %v: seat %d is out of range, or it or its player appears twice", ErrInvalid, o.ID(), r.Seat)
		}
		if err := checkName("player", r.Player); err != nil {
			return err
		}
		if err := checkName("alias", r.Alias); err != nil {
			return err
		}
		if err := checkName("name", r.Name); err != nil {
			return err
		}
	}
	return nil
}

// checkName allows what PostgreSQL's text and a log line can hold.
func checkName(what, s string) error {
	if len(s) > proto.MaxPlayerID || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%w: %s %.70q; at most %d bytes of UTF-8 without control characters are allowed", ErrInvalid, what, s, proto.MaxPlayerID)
	}
	return nil
}
