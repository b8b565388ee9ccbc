// Package obs is what a process shows of itself: its log, its metrics, and the errors of its HTTP answers.
package obs

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The metrics of a process are those of its role and Shared, besides the Go and process collectors. All names begin with ringside_, and
// all families are there from the start. Nothing has a label per room or player: a series costs memory for as long as the process lives.

// Shared is what routers and game servers both export.
type Shared struct {
	Members         *prometheus.GaugeVec   // members in the view, by role and state
	MembersLost     *prometheus.CounterVec // members that went, by reason (membership.Reason)
	GossipRefused   *prometheus.CounterVec // inbound gossip streams closed at a limit, by reason
	EdgeConnections *prometheus.GaugeVec   // strangers' connections, by kind (edge.Kind)
	EdgeLimit       *prometheus.GaugeVec   // the limit of each kind, and of all: connections
	EdgeRefused     *prometheus.CounterVec // strangers' connections refused, by the kind that they would have been and the reason
	EdgeEvicted     *prometheus.CounterVec // strangers' connections closed to make room, by kind and reason
}

func newShared(f factory) Shared {
	members := f.NewGaugeVec(prometheus.GaugeOpts{Namespace: "ringside", Name: "members",
		Help: "Members in this process's view."}, []string{"role", "state"})
	for _, role := range []string{"gameserver", "router"} {
		members.WithLabelValues(role, "serving")
		members.WithLabelValues(role, "draining")
	}
	return Shared{
		Members:       members,
		MembersLost:   preset(f.counters("members_lost_total", "Members that went, by reason: left, exited (their process has ended), refused (no member reaches them), unreachable (silent).", "reason"), "left", "exited", "refused", "unreachable"),
		GossipRefused: preset(f.counters("gossip_streams_refused_total", "Inbound gossip streams closed at a limit, by reason: limit, address_limit, bytes.", "reason"), "limit", "address_limit", "bytes"),
		EdgeConnections: f.NewGaugeVec(prometheus.GaugeOpts{Namespace: "ringside", Name: "edge_connections",
			Help: "Connections of the public listener and client connections of the internal one, by kind: idle, active, unentered, entered, stream."}, []string{"kind"}),
		EdgeLimit: f.NewGaugeVec(prometheus.GaugeOpts{Namespace: "ringside", Name: "edge_limit",
			Help: "Limit of each kind of connections, and of all together: connections."}, []string{"kind"}),
		EdgeRefused: f.counters("edge_refused_total", "Connections refused, by kind and reason: connections, address, descriptors, kind (its own limit).", "kind", "reason"),
		EdgeEvicted: f.counters("edge_evicted_total", "Unused connections closed to make room, by kind and reason.", "kind", "reason"),
	}
}

var tickBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .02, .05, .1}

// factory makes the metrics of one registry.
type factory struct{ promauto.Factory }

func (f factory) gauge(name, help string) prometheus.Gauge {
	return f.NewGauge(prometheus.GaugeOpts{Namespace: "ringside", Name: name, Help: help})
}

func (f factory) counter(name, help string) prometheus.Counter {
	return f.NewCounter(prometheus.CounterOpts{Namespace: "ringside", Name: name, Help: help})
}

func (f factory) counters(name, help string, labels ...string) *prometheus.CounterVec {
	return f.NewCounterVec(prometheus.CounterOpts{Namespace: "ringside", Name: name, Help: help}, labels)
}

// preset makes the series of values that are known beforehand, so that each is there, as 0, before it counts. The owners of other
// values make theirs.
func preset(v *prometheus.CounterVec, values ...string) *prometheus.CounterVec {
	for _, value := range values {
		v.WithLabelValues(value)
	}
	return v
}
