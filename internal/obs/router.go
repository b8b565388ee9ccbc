package obs

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// RouterMetrics is what a router exports besides Shared.
type RouterMetrics struct {
	Shared
	Tickets     *prometheus.CounterVec   // tickets by result: issued, refused
	Limited     *prometheus.CounterVec   // requests beyond a limit, by limit (the name of its flag)
	Requests    *prometheus.HistogramVec // router requests in seconds, by route and status class
	Watchers    prometheus.Gauge         // who follow the fleet's events through a router
	Tunnels     prometheus.Gauge         // sockets tunnelled by a router in proxy mode
	Conflicts   *prometheus.CounterVec   // of a router: bodies that its results store refused, by verdict
	WebhookTime *prometheus.HistogramVec // of a router: attempts at endpoints in seconds, by endpoint and result
}

// NewRouterMetrics builds the metrics of a router and registers them with reg; a nil reg leaves them unregistered, for tests.
func NewRouterMetrics(reg prometheus.Registerer) *RouterMetrics {
	f := factory{promauto.With(reg)}
	return &RouterMetrics{
		Shared:  newShared(f),
		Tickets: preset(f.counters("tickets_total", "Tickets by result.", "result"), "issued", "refused"),
		Limited: f.counters("limited_total", "Requests beyond a limit of what one stranger may take, by limit.", "limit"),
		Requests: f.NewHistogramVec(prometheus.HistogramOpts{Namespace: "ringside", Name: "request_duration_seconds",
			Help: "Router requests.", Buckets: prometheus.DefBuckets}, []string{"route", "status"}),
		Watchers:  f.gauge("watchers", "Streams of the fleet's events that this router serves."),
		Tunnels:   f.gauge("tunnels", "Client sockets that this router tunnels."),
		Conflicts: preset(f.counters("results_conflicts_total", "Outcomes that this router's results store refused, by verdict: conflict (the match has another outcome), fenced (a later leader has written), each a broken guarantee, and invalid (it cannot be read).", "verdict"), "conflict", "fenced", "invalid"),
		WebhookTime: f.NewHistogramVec(prometheus.HistogramOpts{Namespace: "ringside", Name: "webhook_duration_seconds",
			Help: "Attempts to deliver outcomes to endpoints, by endpoint and result: delivered, failed, dead, disabled.", Buckets: prometheus.DefBuckets}, []string{"endpoint", "result"}),
	}
}
