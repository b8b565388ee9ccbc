package testfleet

import (
	"encoding/hex"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/server"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// Whatever hostile clients do, a room beside them, and even one that they are in, keeps its rate.
func TestHostileClients(t *testing.T) {
	f := Start(t, Options{Servers: 1, Configure: func(c *server.Config) { c.Limits.Unentered = 500 }})
	addr := f.Servers[0].Node.Addr().String()
	hello := func(player proto.PlayerID) []byte {
		return proto.Hello{Versions: proto.Spoken(), Ticket: f.Ticket(ticket.Claims{Room: "shared", Player: player})}.Append(nil)
	}
	for _, c := range []struct {
		name string
		act  func(t *testing.T)
	}{
		{"never reads", func(t *testing.T) {
			for _, name := range []proto.PlayerID{"sleeper-1", "sleeper-2", "sleeper-3"} {
				conn, _ := dialRaw(t, addr, "shared")
				conn.message(hello(name))
			}
		}},
		{"a frame of negative length", func(t *testing.T) {
			frame, err := hex.DecodeString("82ffffffffffffffffff00000000")
			if err != nil {
				t.Fatal(err)
			}
			for range 20 {
				conn, _ := dialRaw(t, addr, "shared")
				conn.Write(frame)
				conn.code() // whatever it says, the connection ends
			}
			conn, _ := dialRaw(t, addr, "shared")
			conn.message(hello("negative"))
			conn.Write(frame)
			conn.code()
		}},
		{"a message cut short, of unknown kind, too large", func(t *testing.T) {
			for payload, want := range map[string]proto.CloseCode{
				"\x02\x20ab":                 proto.CloseMalformed, // a record longer than its message
				"\x02\x03abc":                proto.CloseMalformed, // an input that is none
				string(make([]byte, 60_000)): proto.CloseTooLarge,
				"\x7f\x01x\x02\x01\x00":      proto.CloseMalformed, // the unknown kind is skipped, what follows is read
			} {
				conn, _ := dialRaw(t, addr, "shared")
				conn.message(hello("mangler"))
				conn.message([]byte(payload))
				if got := conn.code(); got != want {
					t.Errorf("%.10q: closed with %v, want %v", payload, got, want)
				}
			}
		}},
		{"an input before hello", func(t *testing.T) {
			conn, _ := dialRaw(t, addr, "shared")
			conn.message(proto.Input{First: 1, Count: 1, Samples: []byte{0}}.Append(nil))
			if got := conn.code(); got != proto.CloseNoHello {
				t.Errorf("closed with %v", got)
			}
		}},
		{"inputs far in the future", func(t *testing.T) {
			conn, _ := dialRaw(t, addr, "shared")
			conn.message(hello("prophet"))
			conn.message(proto.Input{First: 100_000, Count: 1, Samples: []byte{0}}.Append(nil))
			if got := conn.code(); got != proto.CloseRate {
				t.Errorf("closed with %v", got)
			}
		}},
		{"too many messages", func(t *testing.T) {
			conn, _ := dialRaw(t, addr, "shared")
			conn.message(hello("flooder"))
			ping := proto.Ping{Micros: 1}.Append(nil)
			for range 4 * proto.MaxMessageBurst {
				conn.message(ping)
			}
			if got := conn.code(); got != proto.CloseRate {
				t.Errorf("closed with %v", got)
			}
		}},
		{"a thousand connections without hello", func(t *testing.T) {
			var open atomic.Int32 // beyond the limit the oldest are closed
			all(10, func(int) {
				for range 100 {
					switch _, status := dialRaw(t, addr, "shared"); status {
					case http.StatusSwitchingProtocols:
						open.Add(1)
					default:
						t.Errorf("upgrade answered with %d", status)
					}
				}
			})
			if open.Load() != 1000 {
				t.Errorf("%d connections of 1000 were accepted", open.Load())
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			beside := join(t, f.through(0, "beside", "alice"))
			within := join(t, f.through(0, "shared", "alice"))
			const ticks = 60 // two seconds
			slow := 0
			for ; slow < 3; slow++ {
				begun := time.Now()
				from := [2]uint64{beside.client.Stats().Ticks, within.client.Stats().Ticks}
				c.act(t)
				until(t, "the others have their ticks", func() bool {
					return beside.client.Stats().Ticks >= from[0]+ticks && within.client.Stats().Ticks >= from[1]+ticks
				})
				// What slows a room down does so each time; a machine that had something else to do, now and then.
				if time.Since(begun) < 3*time.Second {
					break
				}
			}
			if slow == 3 {
				t.Errorf("%d ticks took over 3 s three times", ticks)
			}
			for _, p := range []*player{beside, within} {
				if s := p.client.Stats(); s.Reconnects != 0 {
					t.Errorf("a player who did nothing wrong was thrown out")
				}
			}
		})
	}
	// The silent ones are thrown out after proto.HelloTimeout, and there is place again.
	join(t, f.through(0, "beside", "bob")).plays(t, 10)
}
