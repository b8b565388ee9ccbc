package server

import (
	"net"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string // "" when it is right
	}{
		{"default", func(*Config) {}, ""},
		{"no name", func(c *Config) { c.Name = "" }, "server name is empty"},
		{"no logger", func(c *Config) { c.Logger = nil }, "no logger"},
		{"no port", func(c *Config) { c.Listen = "127.0.0.1" }, `listen address "127.0.0.1" must be host:port`},
		{"bad gossip", func(c *Config) { c.Fleet.Gossip = "x" }, "gossip address"},
		{"bad peer", func(c *Config) { c.Fleet.Peer = "" }, "peer address"},
		{"open to all with the development key", func(c *Config) { c.Listen = "0.0.0.0:9001" }, "without ticket keys"},
		{"open to all", func(c *Config) { c.Listen, c.Security.TicketKeys = "0.0.0.0:9001", devKeys() }, ""},
		{"bad internal", func(c *Config) { c.Internal = "9002" }, `internal address "9002" must be host:port`},
		{"bad URL", func(c *Config) { c.PublicURL = "gs-1.example.com" }, "http://host:port"},
		{"long URL", func(c *Config) { c.PublicURL = "http://" + strings.Repeat("x", proto.MaxURL) }, "fit into"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := DefaultConfig()
			config.Name = "gs-1"
			c.change(&config)
			err := config.Validate()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestReach(t *testing.T) {
	for _, c := range []struct{ advertise, bound, want string }{
		{"", "127.0.0.1:7000", "127.0.0.1:7000"},
		{"10.0.0.7", "0.0.0.0:7000", "10.0.0.7:7000"},
		{"fd00::7", "[::]:7000", "[fd00::7]:7000"},
		{"", "0.0.0.0:7000", ""},
		{"", "[::]:7000", ""},
	} {
		addr, err := net.ResolveTCPAddr("tcp", c.bound)
		if err != nil {
			t.Fatal(err)
		}
		got, err := reach(c.advertise, addr)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q, %s: got %q, %v, want %q", c.advertise, c.bound, got, err, c.want)
		}
	}
}
