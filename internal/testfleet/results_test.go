package testfleet

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// An outcome goes from the room to the store and then to the player, with certificates and without. A long poll that waits for it gets
// it too. Strangers write nothing, and do not see who played.
func TestResults(t *testing.T) {
	for _, certificates := range []bool{false, true} {
		t.Run(fmt.Sprint("certificates=", certificates), func(t *testing.T) {
			f := Start(t, Options{Servers: 2, Results: true, Certificates: certificates})
			const room = "room"
			heard := make(chan proto.Outcome, 1)
			c := goclient.Config{URL: f.Servers[0].Connect(room), Ticket: f.Ticket(ticket.Claims{Room: room, Player: "ann"}),
				Events: goclient.Events{Outcome: func(_ *goclient.Client, o proto.Outcome) { heard <- o }}}
			ctx, cancel := context.WithTimeout(t.Context(), Patience)
			defer cancel()
			client, err := goclient.Dial(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = client.Run(context.Background())
			}()
			t.Cleanup(func() {
				client.Close()
				<-ended
			})
			polled := make(chan string, 1)
			go func() { polled <- f.read(t, "/v1/rooms/room/outcomes?wait=20s") }()
			if err := client.SendCustom([]byte("finish")); err != nil {
				t.Fatal(err)
			}
			select {
			case o := <-heard:
				if o.Match != 1 {
					t.Errorf("heard %+v", o)
				}
			case <-time.After(Patience):
				t.Fatal("the player has heard nothing")
			}
			var page struct {
				Outcomes []struct {
					Outcome struct {
						Match   uint32
						Results []struct{ Player, Alias string }
					}
				}
			}
			text := <-polled
			if err := json.Unmarshal([]byte(text), &page); err != nil || len(page.Outcomes) != 1 || page.Outcomes[0].Outcome.Match != 1 {
				t.Fatalf("the long poll got %s, %v", text, err)
			}
			if r := page.Outcomes[0].Outcome.Results; len(r) != 1 || r[0].Player != "" || r[0].Alias == "" {
				t.Errorf("strangers see %+v", r)
			}
			// Without a token, the internal listener is open to this machine, since it is on loopback.
			inside := "http://" + f.Routers[0].Inside
			f.mayWrite(t, http.DefaultTransport, f.Routers[0].URL, false)
			f.mayWrite(t, http.DefaultTransport, inside, !certificates)
			if certificates {
				f.mayWrite(t, f.as(t, membership.Router), inside, false)
				f.mayWrite(t, f.as(t, membership.GameServer), inside, true)
			}
		})
	}
}

// as gives a transport that proves to be a process of a role.
func (f *Fleet) as(t *testing.T, role membership.Role) http.RoundTripper {
	t.Helper()
	own, err := certs.LoadFleet(f.ca, certs.NewID(string(role), "test"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		return (&tls.Dialer{Config: own.Config("")}).DialContext(ctx, network, addr)
	}}
}

// mayWrite checks whether a client may write outcomes.
func (f *Fleet) mayWrite(t *testing.T, by http.RoundTripper, base string, may bool) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, base+"/internal/v1/outcomes", strings.NewReader(`{"entries":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := by.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if (resp.StatusCode == http.StatusOK) != may {
		t.Errorf("%s answers %s, want it to let the client in: %v", base, resp.Status, may)
	}
}

// read gets a path of the first router.
func (f *Fleet) read(t *testing.T, path string) string {
	req, err := http.NewRequest(http.MethodGet, f.Routers[0].URL+path, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	var raw json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&raw); err != nil {
		t.Errorf("%s: %s, %v", path, resp.Status, err)
	}
	return string(raw)
}
