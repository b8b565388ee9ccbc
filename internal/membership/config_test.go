package membership

import (
	"strings"
	"testing"
)

func testConfig(name ServerName, seeds ...string) Config {
	return Config{
		Self:  Member{Name: name, Role: GameServer, State: Serving, URL: "http://127.0.0.1:8081", Peer: "127.0.0.1:7947"},
		Bind:  "127.0.0.1:0",
		Seeds: seeds,
	}
}

func TestNewGossipSaysWhatIsWrong(t *testing.T) {
	key := make([]byte, 32)
	for want, change := range map[string]func(c *Config){
		"server name is empty":                 func(c *Config) { c.Self.Name = "" },
		`has ' ' at 1`:                         func(c *Config) { c.Self.Name = "a b" },
		"64 bytes; at most 63":                 func(c *Config) { c.Self.Name = ServerName(strings.Repeat("a", 64)) },
		"boot id":                              func(c *Config) { c.Self.Boot = strings.Repeat("a", 17) },
		"zone":                                 func(c *Config) { c.Self.Zone = strings.Repeat("a", 33) },
		"version":                              func(c *Config) { c.Self.Version = strings.Repeat("a", 33) },
		"168 bytes; at most 160":               func(c *Config) { c.Self.URL = "https://" + strings.Repeat("a", 160) },
		`zone "a\u202eb" has characters`:       func(c *Config) { c.Self.Zone = "a\u202eb" },
		`version "\x1b[31m" has characters`:    func(c *Config) { c.Self.Version = "\x1b[31m" },
		`URL "http://a@h" is not`:              func(c *Config) { c.Self.URL = "http://a@h" },
		`URL "http://h/?q" is not`:             func(c *Config) { c.Self.URL = "http://h/?q" },
		"-1 gossip streams":                    func(c *Config) { c.Streams = -1 },
		`role "boss" is unknown`:               func(c *Config) { c.Self.Role = "boss" },
		`state "" is unknown`:                  func(c *Config) { c.Self.State = "" },
		`URL "127.0.0.1:8081" is not`:          func(c *Config) { c.Self.URL = "127.0.0.1:8081" },
		`URL "ws://h" is not`:                  func(c *Config) { c.Self.URL = "ws://h" },
		"needs the URL":                        func(c *Config) { c.Self.URL = "" },
		`peer address "h" is not`:              func(c *Config) { c.Self.Peer = "h" },
		"weight -1 is not":                     func(c *Config) { c.Self.Weight = -1 },
		`gossip address: "here" is not`:        func(c *Config) { c.Bind = "here" },
		`"example.org:1" is not`:               func(c *Config) { c.Bind = "example.org:1" },
		`"127.0.0.1:99999" is not`:             func(c *Config) { c.Bind = "127.0.0.1:99999" },
		"at 0.0.0.0:0 can be read and forged":  func(c *Config) { c.Bind = "0.0.0.0:0" },
		"at :7946 can be read":                 func(c *Config) { c.Bind = ":7946" },
		"set -cluster-key-file":                func(c *Config) { c.Bind = "192.0.2.1:0" },
		"key has 5 bytes; at least 16":         func(c *Config) { c.Key = key[:5] },
		"cluster name has 256 bytes":           func(c *Config) { c.Cluster = strings.Repeat("c", 256) },
		`seed "host" is not of the form`:       func(c *Config) { c.Seeds = []string{"host"} },
		`seed ":7946" is not`:                  func(c *Config) { c.Seeds = []string{":7946"} },
		`seed "h:0" is not`:                    func(c *Config) { c.Seeds = []string{"h:0"} },
		`advertised gossip address: "x" is`:    func(c *Config) { c.Advertise = "x" },
		`"0.0.0.0:1" is not one that others`:   func(c *Config) { c.Advertise = "0.0.0.0:1" },
		"gossip address 192.0.2.1:0: listen":   func(c *Config) { c.Bind, c.Key = "192.0.2.1:0", key },
		"membership: gossip address 192.0.2.1": func(c *Config) { c.Bind, c.Key = "192.0.2.1:7946", key },
	} {
		c := testConfig("a")
		change(&c)
		if g, err := NewGossip(c); err == nil {
			g.Close()
			t.Errorf("accepted, want an error with %q", want)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got: %v", want, err)
		}
	}
}

func TestCloseInsteadOfRun(t *testing.T) {
	c := testConfig("a")
	c.Bind, c.Advertise = "localhost:0", "192.0.2.7:0"
	g, err := NewGossip(c)
	if err != nil {
		t.Fatal(err)
	}
	g.Close()
	port := strings.TrimPrefix(g.Addr(), "192.0.2.7:")
	if port == g.Addr() || port == "0" {
		t.Errorf("address %q, want 192.0.2.7 and the port that was picked", g.Addr())
	}
	c.Bind, c.Advertise = "127.0.0.1:"+port, ""
	if g, err = NewGossip(c); err != nil {
		t.Fatalf("the port is still taken: %v", err)
	}
	g.Close()
	if self := g.View().Self; self.Boot == "" || self.Since.IsZero() || len(g.View().Members) != 1 || !g.Joined() {
		t.Errorf("view %+v, joined %v", g.View(), g.Joined())
	}
}
