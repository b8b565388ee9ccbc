package game

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/ringside-go/ringside/proto"
)

// Secret is random bytes that nobody can guess. It is in a hidden table, so every server that may lead the room has it, and
// no client does.
type Secret [16]byte

// NewSecret draws a Secret.
func NewSecret() (k Secret) {
	rand.Read(k[:])
	return k
}

func (k Secret) text() string { return hex.EncodeToString(k[:]) }

// digest is a keyed hash of message under a secret of a hidden table.
func digest(secret string, message []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(message)
	return h.Sum(nil)
}

// aliasLength is the length of an alias: 50 bits, so two players of a room have the same with a probability of 10^-12.
const aliasLength = 10

var aliasDigits = base32.StdEncoding.WithPadding(base32.NoPadding)

// alias is the name of a player for the clients of this instance. The key is the room's, so nobody outside can turn an
// alias back into an id, not even by trying ids, or find a player's alias of one instance in another.
func (s *Simulation) alias(id proto.PlayerID) string {
	return strings.ToLower(aliasDigits.EncodeToString(digest(s.core.Room.Get().Secret, []byte(id)))[:aliasLength])
}

// A resume token is
//
//	seat u8 | number u32 | the first 16 bytes of HMAC-SHA256(the seat's secret, seat and number)
//
// Each welcome has the token whose number follows that of the newest token which the client is known to have, seatRow.Renewed.
// So the token before stays valid until the client has used the new one, or has answered the welcome: a client whose
// connection ends before it has read the welcome comes back with the token that it has. A token of a higher number is valid
// too: the last leader made it in a tick that this server has not seen.
const (
	tokenHead = 1 + 4
	tokenSize = tokenHead + 16
)

func (r *seatRow) token(seat Seat, number uint32) []byte {
	b := binary.LittleEndian.AppendUint32([]byte{byte(seat)}, number)
	return append(b, digest(r.Secret, b)[:tokenSize-tokenHead]...)
}

// Token gives the resume token that a welcome to seat's client has; nil when nobody has the seat.
func (s *Simulation) Token(seat Seat) []byte {
	row := s.core.Seats.Get(RowID(seat))
	if row == nil {
		return nil
	}
	return row.token(seat, row.Renewed+1)
}

// Renew tells that the client of seat has its newest token, see Token. The tokens before it are not valid any more.
func (s *Simulation) Renew(seat Seat) {
	if row := s.core.Seats.Get(RowID(seat)); row != nil {
		row.Renewed++
	}
}

// SeatOf gives the seat that a resume token opens, and changes nothing. False when it opens none.
func (s *Simulation) SeatOf(token []byte) (Seat, bool) {
	seat, _, ok := s.opens(token)
	return seat, ok
}

// opens finds the seat and the number of a valid token.
func (s *Simulation) opens(token []byte) (seat Seat, number uint32, ok bool) {
	if len(token) != tokenSize {
		return NoSeat, 0, false
	}
	seat, number = Seat(token[0]), binary.LittleEndian.Uint32(token[1:])
	row := s.core.Seats.Get(RowID(seat))
	if row == nil || number < row.Renewed || !hmac.Equal(row.token(seat, number), token) {
		return NoSeat, 0, false
	}
	return seat, number, true
}
