// Package admission answers POST /v1/rooms, POST /v1/match and GET /v1/rooms/{room}: who somebody is, which room they get, alone or
// with a party, and the ticket that lets them in. It stores nothing: the ticket carries all that the room's server needs.
package admission

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringside-go/ringside/internal/bans"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/internal/access"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/match"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// Admission has the handlers. All of its fields must be set, Identity excepted.
type Admission struct {
	Table     *lookup.Table
	Addresses lookup.Addresses
	Picker    *lookup.Picker
	Servers   *servers.Client
	Matcher   *match.Matcher
	Signer    *ticket.Signer
	Identity  *ticket.IdentityVerifier // nil: players are guests
	Limits    *access.Limits
	Bans      *bans.Set
	Tickets   *prometheus.CounterVec // by result
}
