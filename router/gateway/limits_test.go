package gateway

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestTicketsAreLimited(t *testing.T) {
	for name, test := range map[string]struct {
		limits Quotas
		bodies []string // posted in turn; the last is over the limit
		detail string
		other  string // who is not limited, with the same address
	}{
		"tickets-per-identity": {Quotas{TicketsPerIdentity: 3}, []string{`{"game":"arena","player":{"guest":"the-secret-of-guest-eve"}}`}, "player guest-", `{"game":"arena","player":{"guest":"the-secret-of-guest-ann"}}`},
		"tickets-per-address":  {Quotas{TicketsPerAddress: 3}, []string{`{"game":"arena"}`, `{"game":"arena","player":{"guest":"the-secret-of-guest-eve"}}`}, "this address", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newTestFront(t, func(c *Config) { c.Quotas = test.limits }, fleetOf(3)...)
			for i := range 3 {
				path := []string{"/v1/rooms", "/v1/match"}[i%2]
				if resp := f.call(t, "POST", path, test.bodies[i%len(test.bodies)]); resp.StatusCode != http.StatusCreated {
					t.Fatalf("request %d: %s", i, resp.Status)
				}
			}
			for _, path := range []string{"/v1/rooms", "/v1/match"} {
				resp := f.call(t, "POST", path, test.bodies[0])
				checkProblem(t, resp, http.StatusTooManyRequests, test.detail)
				if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil || s < 1 || s > 20 {
					t.Errorf("Retry-After is %q; want the seconds until the next of 3 a minute", resp.Header.Get("Retry-After"))
				}
			}
			if n := testutil.ToFloat64(f.config.Metrics.Limited.WithLabelValues(name)); n != 2 {
				t.Errorf("the metric counts %v refusals, want 2", n)
			}
			if test.other == "" {
				return
			}
			if resp := f.call(t, "POST", "/v1/rooms", test.other); resp.StatusCode != http.StatusCreated {
				t.Errorf("another player: %s", resp.Status)
			}
		})
	}
}
