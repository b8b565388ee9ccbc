package proto

import "fmt"

// CloseCode is a WebSocket close code of this protocol. It says what the client does next.
type CloseCode uint16

// Next is what a client does after a close.
type Next uint8

// What a client does next.
const (
	Stop   Next = iota // stay away: trying again would end the same way
	Resume             // come back to the same URL with the resume token
	Router             // ask the router for the room again, with the resume token where there is one
	Ticket             // get a new ticket, then as Router
	Follow             // go to the URL that the moved message before the close named
)

// The close codes. CloseCodes says what each means.
const (
	CloseLeft       CloseCode = 4000
	CloseMalformed  CloseCode = 4001
	CloseTooLarge   CloseCode = 4002
	CloseNoHello    CloseCode = 4003
	CloseTicket     CloseCode = 4004
	CloseVersion    CloseCode = 4005
	CloseSchema     CloseCode = 4006
	CloseGame       CloseCode = 4007
	CloseFull       CloseCode = 4008
	CloseRate       CloseCode = 4009
	CloseSlow       CloseCode = 4010
	CloseMoved      CloseCode = 4011
	CloseEnded      CloseCode = 4012
	CloseCrashed    CloseCode = 4013
	CloseSeat       CloseCode = 4014
	CloseReplaced   CloseCode = 4015
	CloseStopping   CloseCode = 4016
	CloseOverloaded CloseCode = 4017
	CloseLost       CloseCode = 4018
	CloseSilent     CloseCode = 4019
	CloseOptions    CloseCode = 4020
	CloseInternal   CloseCode = 4021
	CloseOver       CloseCode = 4022
	CloseKicked     CloseCode = 4023
	CloseRefused    CloseCode = 4024
)

// CloseInfo describes a close code.
type CloseInfo struct {
	Name string
	Next Next
	Text string // for a person: what happened and what to do
}

// CloseCodes is the one table of close codes; PROTOCOL.md shows the same and a test compares them.
var CloseCodes = map[CloseCode]CloseInfo{
	CloseLeft:       {"left", Stop, "you left the room"},
	CloseMalformed:  {"malformed", Stop, "a message could not be read; update the client"},
	CloseTooLarge:   {"too-large", Stop, "a message was over the limit; send less at once"},
	CloseNoHello:    {"no-hello", Resume, "no hello came in time; connect again and say hello first"},
	CloseTicket:     {"ticket", Ticket, "the ticket is forged, expired or for another room; ask the router for a new one"},
	CloseVersion:    {"version", Stop, "client and server have no protocol version in common; update the older one"},
	CloseSchema:     {"schema", Stop, "client and server were built with different state schemas; update the client"},
	CloseGame:       {"game", Stop, "this server does not run that game; check the game's name"},
	CloseFull:       {"full", Stop, "every seat of the room is taken; choose another room"},
	CloseRate:       {"rate", Stop, "too many messages; send one input message per tick"},
	CloseSlow:       {"slow", Resume, "the connection took nothing for too long; come back to your seat"},
	CloseMoved:      {"moved", Follow, "the room is led by another server; go there"},
	CloseEnded:      {"ended", Stop, "the room has ended"},
	CloseCrashed:    {"crashed", Stop, "the game failed in this room, which has ended; the error is in the server's log"},
	CloseSeat:       {"seat", Ticket, "the seat was given up, the resume token is wrong, or the ticket has taken the seat before; enter again with a new ticket"},
	CloseReplaced:   {"replaced", Stop, "the same player connected again from elsewhere"},
	CloseStopping:   {"stopping", Router, "the server is stopping; ask the router where the room is"},
	CloseOverloaded: {"overloaded", Router, "the server takes no new rooms now; ask the router again in a moment"},
	CloseLost:       {"lost", Stop, "the room was lost with its servers; start a new one"},
	CloseSilent:     {"silent", Resume, "nothing was heard from the client for too long; come back to your seat"},
	CloseOptions:    {"options", Stop, "the room's options are not valid for this game; the message says which"},
	CloseInternal:   {"internal", Router, "the server failed; ask the router again"},
	CloseOver:       {"over", Stop, "the room that you were in is over; enter the new room of this name as a new player if you want to"},
	CloseKicked:     {"kicked", Stop, "you were put out by the game or by an operator; the message says why"},
	CloseRefused:    {"refused", Stop, "the game did not let you in; the message says why"},
}

func (c CloseCode) String() string {
	if i, ok := CloseCodes[c]; ok {
		return fmt.Sprintf("%d %s", uint16(c), i.Name)
	}
	return fmt.Sprint(uint16(c))
}

// Refusal is the error with which a server turns a client away: it becomes an error message (or a moved message)
// and a close with Code. Whoever refuses builds it, the session sends it.
type Refusal struct {
	Code  CloseCode
	Text  string // what was wrong, with which value, and what to do; "" means the table's text
	Moved *Moved // where to go, with CloseMoved
}

func (r *Refusal) Error() string {
	if r.Text != "" {
		return r.Text
	}
	return CloseCodes[r.Code].Text
}

// Refuse builds a Refusal with a formatted text.
func Refuse(code CloseCode, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Text: fmt.Sprintf(format, args...)}
}
