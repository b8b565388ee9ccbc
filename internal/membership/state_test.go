package membership

import (
	"net/netip"
	"reflect"
	"testing"
	"time"
)

// What one member tells comes out as it went in; a state that is cut short, or names a member or a reason that nobody has, is refused.
func TestParseState(t *testing.T) {
	b := Member{Name: "b", Boot: "1", Role: GameServer, State: Serving, URL: "http://b"}
	good := func() *state {
		return &state{standing: HasQuorum, complete: true, forgotten: map[ServerName]string{"c": "2"},
			known: []knownNode{{node: nodeName(&b), member: b, gossip: netip.MustParseAddrPort("10.0.0.2:7946"), reason: Left, age: time.Second}}}
	}
	text := good().append(nil)
	got, err := parseState(text)
	if err != nil || got.standing != HasQuorum || !got.complete || !reflect.DeepEqual(got.forgotten, good().forgotten) || len(got.known) != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if k, want := got.known[0], good().known[0]; k.node != want.node || k.member.Name != "b" || k.gossip != want.gossip || k.reason != Left || k.age != time.Second {
		t.Errorf("got %+v, want %+v", k, want)
	}
	for n := range text {
		if _, err := parseState(text[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are a state", n, len(text))
		}
	}
	for what, spoil := range map[string]func(*knownNode){
		"another node":        func(k *knownNode) { k.node = "other" },
		"a reason in words":   func(k *knownNode) { k.reason = "has left" },
		"a hidden character":  func(k *knownNode) { k.reason = "left\u200b" },
		"no address":          func(k *knownNode) { k.gossip = netip.AddrPort{} },
		"metadata of nothing": func(k *knownNode) { k.member = Member{} },
	} {
		s := good()
		spoil(&s.known[0])
		if got, err := parseState(s.append(nil)); err == nil {
			t.Errorf("%s is accepted: %+v", what, got)
		}
	}
}
