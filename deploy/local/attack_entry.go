package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ringside-go/ringside/deploy/local/hostile"
	"github.com/ringside-go/ringside/proto"
)

func entryAttacks() []attack {
	return []attack{
		{row: "party", short: true, run: abuseInvitation, did: "invitations that were altered, are tickets, are shown as tickets, or name another game; parties of wild sizes",
			must: "refused; the true one seats its party"},
		{row: "text", short: true, run: breakText, did: "text frames with broken, deep, doubled, binary and too many messages, to a game server and through a tunnel",
			must: "closed with the code that says why; a text player beside them plays on"},
	}
}

// abuseInvitation tries what an invitation must not do.
func abuseInvitation(ctx context.Context, s *siege) (string, error) {
	host, router := strangerAt(12_000+s.tries), s.router(redirecting)
	of := func(party string) string { return fmt.Sprintf(`{"game":%q,"party":%s}`, hostile.Name, party) }
	a, r, err := host.seek(ctx, router, "/v1/match", of(`{"size":3}`))
	if err != nil || r.status != http.StatusCreated {
		return "", fmt.Errorf("a party of 3: %d %s, %v", r.status, r.body, err)
	}
	var answer struct{ Party struct{ Token string } }
	if err := json.Unmarshal(r.body, &answer); err != nil {
		return "", err
	}
	token := answer.Party.Token
	parts := strings.Split(token, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", err
	}
	altered := base64.RawURLEncoding.EncodeToString(bytes.Replace(claims, []byte(a.Room), []byte("another-room"), 1))
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	bad := []string{`{"size":0}`, `{"size":1}`, `{"size":65}`, `{"size":-3}`, `{"size":3,"token":"` + token + `"}`}
	for _, t := range []string{parts[0] + "." + altered + "." + parts[2], none + "." + parts[1] + ".", a.Ticket, token[:len(token)-6], "x"} {
		bad = append(bad, `{"token":"`+t+`"}`)
	}
	bodies := []string{fmt.Sprintf(`{"game":"other","party":{"token":%q}}`, token)}
	for _, party := range bad {
		bodies = append(bodies, of(party))
	}
	for _, body := range bodies {
		if _, r, err := host.seek(ctx, router, "/v1/match", body); err != nil || r.status != http.StatusForbidden && r.status != http.StatusBadRequest {
			return "", fmt.Errorf("%s is answered with %d %s, %v", body, r.status, r.body, err)
		}
	}
	k, err := host.enter(ctx, a.URL, token)
	if err != nil {
		return "", err
	}
	code := k.closes(strangerTimeout)
	k.Close()
	if code != proto.CloseTicket {
		return "", fmt.Errorf("the invitation as a ticket: closed with %d, not %d", code, proto.CloseTicket)
	}
	for i, who := range []stranger{host, strangerAt(12_200 + s.tries), strangerAt(12_400 + s.tries)} {
		if i > 0 {
			if a, r, err = who.seek(ctx, router, "/v1/match", of(`{"token":"`+token+`"}`)); err != nil || r.status != http.StatusCreated {
				return "", fmt.Errorf("the true invitation: %d %s, %v", r.status, r.body, err)
			}
		}
		k, err := who.enter(ctx, a.URL, a.Ticket)
		if err != nil {
			return "", err
		}
		defer k.Close()
		if _, _, err := k.await(proto.KindWelcome, strangerTimeout); err != nil {
			return "", fmt.Errorf("player %d of the party: %w", i, err)
		}
	}
	return fmt.Sprintf("%d requests and one hello refused, 3 players seated", len(bodies)), nil
}

// textFrame is a client's frame of a text message.
func textFrame(text string) []byte {
	f := frame([]byte(text))
	f[0] = 0x81
	return f
}

// enterText opens a WebSocket for text frames, and says hello.
func (s stranger) enterText(ctx context.Context, at, ticket string) (*socket, error) {
	u, err := url.Parse(at)
	if err != nil {
		return nil, err
	}
	c, err := s.dial(ctx, u.Host)
	if err != nil {
		return nil, err
	}
	k, err := handshakeAs(c, u.Host, u.RequestURI(), proto.TextSubprotocol)
	if err == nil {
		_, err = k.Write(textFrame(`{"kind":"hello","ticket":"` + ticket + `"}`))
	}
	return k, err
}

// hears reads text messages until one has the words.
func (k *socket) hears(words string) error {
	for {
		op, b, err := k.readFrame(strangerTimeout)
		switch {
		case err != nil:
			return fmt.Errorf("no %s was heard: %w", words, err)
		case op == 2:
			return errors.New("a binary message came to a client of text frames")
		case op == 8 && len(b) > 1:
			return closeFrame{proto.CloseCode(binary.BigEndian.Uint16(b))}
		case op == 1 && bytes.Contains(b, []byte(words)):
			return nil
		}
	}
}

// breakText sends messages that a game server or a tunnel has to refuse.
func breakText(ctx context.Context, s *siege) (string, error) {
	many := strings.Repeat(`{"kind":"ping","micros":1},`, 200)
	broken := map[string]struct {
		frame []byte
		want  proto.CloseCode
	}{
		"no JSON":          {textFrame(`{"kind":`), proto.CloseMalformed},
		"not UTF-8":        {textFrame("\xff"), proto.CloseMalformed},
		"deep":             {textFrame(strings.Repeat("[", 2000)), proto.CloseMalformed},
		"a doubled name":   {textFrame(`{"kind":"ping","kind":"ping"}`), proto.CloseMalformed},
		"an unknown field": {textFrame(`{"kind":"ping","__proto__":{}}`), proto.CloseMalformed},
		"a wild number":    {textFrame(`{"kind":"ping","micros":1e400}`), proto.CloseMalformed},
		"a second hello":   {textFrame(`{"kind":"hello","ticket":"x"}`), proto.CloseMalformed},
		"binary":           {frame([]byte{1}), proto.CloseMalformed},
		"too long":         {[]byte{0x81, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}, proto.CloseTooLarge},
		"too many":         {bytes.Repeat(textFrame("["+many[:len(many)-1]+"]"), 400), proto.CloseRate},
	}
	for _, name := range []string{redirecting, tunnelling} {
		who := strangerAt(12_600 + s.tries)
		enter := func(room proto.RoomID) (*socket, error) {
			a, err := who.get(ctx, s.router(name), entryFor(room, ""))
			if err != nil {
				return nil, err
			}
			at := a.URL
			if name == tunnelling {
				at = s.router(name) + "/v1/rooms/" + a.Room + "/connect"
			}
			return who.enterText(ctx, at, a.Ticket)
		}
		calm, err := enter("text")
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		defer calm.Close()
		if err := calm.hears(`"kind":"delta"`); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		for what, b := range broken {
			k, err := enter("text")
			if err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
			_, _ = k.Write(b.frame) // it may be closed before all is written
			err = k.hears("nothing")
			k.Close()
			var got closeFrame
			if !errors.As(err, &got) || got.code != b.want {
				return "", fmt.Errorf("%s: %s: %w, not with %d", name, what, err, b.want)
			}
		}
		if _, err := calm.Write(textFrame(`{"kind":"ping","micros":7}`)); err != nil {
			return "", err
		}
		if err := calm.hears(`"kind":"pong"`); err != nil {
			return "", fmt.Errorf("%s: the one beside: %w", name, err)
		}
	}
	return fmt.Sprintf("%d kinds refused with their codes, directly and through a tunnel", len(broken)), nil
}
