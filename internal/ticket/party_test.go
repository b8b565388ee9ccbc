package ticket

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

func party(size int) *Party {
	return &Party{ID: "abcdefgh234567ab", Size: size, Until: now.Add(time.Minute)}
}

func TestTicketOfAParty(t *testing.T) {
	c := good()
	c.Party = party(3)
	token, err := NewSigner(first).Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := NewVerifier(public(first)).Verify(token, now)
	if err != nil || got.Party == nil || got.Party.ID != c.Party.ID || got.Party.Size != 3 || !got.Party.Until.Equal(c.Party.Until) {
		t.Errorf("got %+v, %v", got.Party, err)
	}
	for want, change := range map[string]func(c *Claims){
		"a party of 1":                func(c *Claims) { c.Party = party(1) },
		"a party of 65":               func(c *Claims) { c.Party = party(proto.MaxSeats + 1) },
		"the party's id has 0 bytes":  func(c *Claims) { c.Party.ID = "" },
		"the party's id has 33 bytes": func(c *Claims) { c.Party.ID = strings.Repeat("x", 33) },
		"spectators":                  func(c *Claims) { c.Role = Spectator },
	} {
		c := good()
		c.Party = party(3)
		change(&c)
		if _, err := NewSigner(first).Sign(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want an error with %q", err, want)
		}
	}
}

func TestInvitation(t *testing.T) {
	s := NewSigner(first)
	want := Invitation{Party: *party(2), Room: "q-abc-1", Game: "arena", Options: []byte(`{"seats":4}`), Signed: true, Expires: now.Add(10 * time.Minute)}
	token, err := s.Invite(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := NewSigner(first).Invited(token, now)
	got.Party.Until, got.Expires = got.Party.Until.UTC(), got.Expires.UTC()
	want.Party.Until, want.Expires = want.Party.Until.UTC(), want.Expires.UTC()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("another router with the key reads %+v, %v; want %+v", got, err, want)
	}
	if _, err := s.Invited(token, want.Expires.Add(time.Second)); !errors.Is(err, ErrExpired) {
		t.Errorf("later: %v", err)
	}
	if _, err := NewSigner(second).Invited(token, now); !errors.Is(err, ErrForged) {
		t.Errorf("with another key: %v", err)
	}
	// None of the kinds of tokens stands for another.
	if _, err := NewVerifier(public(first)).Verify(token, now); err == nil {
		t.Error("an invitation is taken for a ticket")
	}
	own, err := s.Sign(good())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Invited(own, now); err == nil || !strings.Contains(err.Error(), "ask whoever invited you") {
		t.Errorf("a ticket as an invitation: %v", err)
	}
	bad := want
	bad.Room = "no room"
	if token, err = s.Invite(bad); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Invited(token, now); err == nil {
		t.Error("an invitation to a room that cannot be")
	}
}
