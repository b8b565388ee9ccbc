// Package membership says which processes the fleet consists of, as this process sees it. Gossip is the body that talks
// to others (hashicorp/memberlist), Static the one that does not; everyone else uses either as a Source of views.
//
// A view is a hint, never the judge: two processes may hold different views for seconds.
package membership

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
)

// ServerName is the stable name of a process: the pod's, not that of its present run.
type ServerName string

// Role is what a process does in the fleet.
type Role string

// The roles. A view may hold others, of newer versions.
const (
	GameServer Role = "gameserver"
	Router     Role = "router"
)

// State is what a process is ready for.
type State string

// The states. A view may hold others, of newer versions; only Serving ones take rooms.
const (
	Serving  State = "serving"
	Draining State = "draining" // takes no rooms, hands off those it has

	left State = "left" // the last word of one who leaves; no view holds it
)

// Member is one process, as its metadata says.
type Member struct {
	Name     ServerName
	Boot     string // random per process start; NewGossip sets it if it is empty
	Role     Role
	State    State
	URL      string // base URL for clients, http(s)://host:port; it may lead through a router or a load balancer
	Peer     string // host:port of the peer link, of a router of its internal listener; empty: it has none
	Port     int    // of its internal listener at Peer's host, which other members use; 0: they use URL
	Weight   int    // share of the rooms; 0 counts as 1
	Zone     string
	Version  string
	Since    time.Time      // started serving, by its own clock, in milliseconds; NewGossip sets it to now if it is zero
	Standing Standing       // what it said of its quorum; NewGossip and Update ignore it
	Links    proto.Versions // of the protocol between game servers; zero for routers
}

// Limits of a member's fields in bytes. Metadata with all of them at their limit fits into memberlist's 512 bytes.
const (
	maxName    = 63 // a DNS label, as pods of a stateful set have
	maxBoot    = 16
	maxRole    = 12 // State too
	maxURL     = 160
	maxPeer    = 128
	maxZone    = 32
	maxVersion = 32
)

// Validate says what is wrong with the member's fields and what to do.
func (m *Member) Validate() error {
	if err := m.wellFormed(); err != nil {
		return err
	}
	if m.Role != GameServer && m.Role != Router {
		return fmt.Errorf("role %q is unknown; it is %q or %q", m.Role, GameServer, Router)
	}
	if err := m.State.validate(); err != nil {
		return err
	}
	if m.Role == GameServer && m.URL == "" {
		return errors.New("a game server needs the URL at which clients reach it")
	}
	return checkWeight(m.Weight)
}

// wellFormed says what is wrong with fields that another process must not believe, whatever its version. Roles and states
// that this one does not know are not wrong.
func (m *Member) wellFormed() error {
	if m.Name == "" {
		return errors.New("the server name is empty; give one that stays the same over restarts, as -name")
	}
	for i := range len(m.Name) {
		c := m.Name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '-' && c != '_' && c != '.') {
			return fmt.Errorf("server name %.80q has %q at %d; use letters, digits and, not first, . _ -", m.Name, c, i)
		}
	}
	for _, f := range []struct {
		what, value string
		limit       int
		narrow      bool
	}{
		{"server name", string(m.Name), maxName, true},
		{"boot id", m.Boot, maxBoot, true},
		{"role", string(m.Role), maxRole, true},
		{"state", string(m.State), maxRole, true},
		{"URL", m.URL, maxURL, true},
		{"peer address", m.Peer, maxPeer, true},
		{"zone", m.Zone, maxZone, false},
		{"version", m.Version, maxVersion, false},
	} {
		if len(f.value) > f.limit {
			return fmt.Errorf("%s %.80q has %d bytes; at most %d fit into the gossip", f.what, f.value, len(f.value), f.limit)
		}
		if !printable(f.value, f.narrow) {
			return fmt.Errorf("%s %+.80q has characters that cannot be shown; use letters, digits and punctuation", f.what, f.value)
		}
	}
	if !wellFormedURL(m.URL) {
		return fmt.Errorf("URL %q is not of the form http://host:port or https://host:port", m.URL)
	}
	if _, _, err := net.SplitHostPort(m.Peer); m.Peer != "" && (err != nil || strings.ContainsAny(m.Peer, "/?#@")) {
		return fmt.Errorf("peer address %q is not of the form host:port", m.Peer)
	}
	if m.Port < 0 || m.Port > math.MaxUint16 || m.Port > 0 && m.Peer == "" {
		return fmt.Errorf("port %d at peer address %q cannot be reached", m.Port, m.Peer)
	}
	return nil
}

// wellFormedURL reports whether s is empty or a base URL that clients and routers may dial.
func wellFormedURL(s string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

// printable reports whether s can be shown: no control, format or escape characters, which could rewrite a terminal or hide
// in a name. narrow: ASCII without spaces.
func printable(s string, narrow bool) bool {
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsGraphic(r) || narrow && (r <= ' ' || r > '~') {
			return false
		}
	}
	return true
}

// Inside is the base URL at which other members of the fleet reach m's HTTP.
func (m *Member) Inside() string {
	if host, _, err := net.SplitHostPort(m.Peer); err == nil && m.Port > 0 {
		return "http://" + net.JoinHostPort(host, strconv.Itoa(m.Port))
	}
	return strings.TrimSuffix(m.URL, "/")
}

// InsideHost is the host:port of Inside.
func (m *Member) InsideHost() (string, error) {
	u, err := url.Parse(m.Inside())
	if err != nil {
		return "", err
	}
	switch {
	case u.Host == "":
		return "", fmt.Errorf("%s has no address for other members", m.Name)
	case u.Port() != "":
		return u.Host, nil
	case u.Scheme == "https":
		return net.JoinHostPort(u.Hostname(), "443"), nil
	}
	return net.JoinHostPort(u.Hostname(), "80"), nil
}

func (s State) validate() error {
	if s != Serving && s != Draining {
		return fmt.Errorf("state %q is unknown; it is %q or %q", s, Serving, Draining)
	}
	return nil
}

func checkWeight(weight int) error {
	if weight < 0 || weight > placement.MaxWeight {
		return fmt.Errorf("weight %d is not between 0 and %d", weight, placement.MaxWeight)
	}
	return nil
}

// serves reports whether rooms may be placed on m.
func (m *Member) serves() bool { return m.Role == GameServer && m.State == Serving }

// nodeName is m's name in memberlist, another one for each boot: a process that returns under its old name and a new address
// would be refused as long as its ghost is remembered.
func nodeName(m *Member) string { return string(m.Name) + "-" + m.Boot }

// newer orders two boots of one server, the newer one first.
func newer(a, b Member) int { return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(b.Boot, a.Boot)) }

// same reports whether a and b say the same.
func same(a, b Member) bool {
	since := a.Since.Equal(b.Since)
	a.Since = b.Since
	return since && a == b
}
