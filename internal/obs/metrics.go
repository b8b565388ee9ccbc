// Package obs is what a process shows of itself: its log, its metrics, and the errors of its HTTP answers.
package obs

import "github.com/prometheus/client_golang/prometheus"

// Metrics is every series a process of the fleet exports besides the Go and process collectors. All names begin with
// ringside_. Nothing here has a label per room or player: a series costs memory for as long as the process lives.
type Metrics struct {
	Rooms           prometheus.Gauge         // rooms led
	Players         prometheus.Gauge         // seats whose client is connected
	Spectators      prometheus.Gauge         // connected spectators
	Connections     prometheus.Gauge         // open client connections, entered or not
	TickDuration    prometheus.Histogram     // seconds from a tick's start to its last flush
	TickLateness    prometheus.Histogram     // seconds between a tick's due time and its start
	TicksLate       prometheus.Counter       // ticks that began more than one period late, whose lost time was skipped
	PlayerTicks     prometheus.Counter       // frames queued to players: the unit that costs are measured in
	WorkerBusy      prometheus.Gauge         // share of time the busiest tick worker is busy, 0 to 1
	RoomsSuspended  prometheus.Gauge         // rooms led that do not tick, for whatever reason
	RoomsRefused    prometheus.Counter       // rooms not made because the workers were overloaded
	Replicas        prometheus.Gauge         // rooms of other servers that this one stands by for
	ReplicasRefused prometheus.Counter       // replicas refused at the limit
	RoomsCrashed    prometheus.Counter       // rooms ended by a panic in the game
	RoomsHung       prometheus.Counter       // of them, those whose game did not return; each costs a core until the process ends
	TickSeconds     *prometheus.CounterVec   // seconds that ticks took, by game
	InboxFull       prometheus.Counter       // messages refused because a room's inbox was full
	Jobs            prometheus.Gauge         // jobs of games that run or wait for their turn
	CustomsRefused  prometheus.Counter       // custom messages of games that were over the bound of a tick
	OutboxDrops     prometheus.Counter       // times an outbox went over its bound and dropped its pending state
	SentBytes       prometheus.Counter       // bytes written to clients, WebSocket headers included
	RecvBytes       prometheus.Counter       // payload bytes read from clients
	Closed          *prometheus.CounterVec   // connections closed by us, by code (name of proto.CloseCodes)
	ClockSkew       prometheus.Gauge         // seconds by which this server's clock is ahead of the routers'; 0: nothing of it is seen
	Tickets         *prometheus.CounterVec   // tickets by result: issued, refused
	Limited         *prometheus.CounterVec   // requests beyond a limit, by limit (the name of its flag)
	Claims          *prometheus.CounterVec   // claims asked, by answer: none, leading, following, claiming, refused, timeout
	Moved           prometheus.Counter       // clients sent to another server
	Moves           *prometheus.CounterVec   // rooms moved, by kind (handoff, failover) and result (done, failed, called-off)
	MoveTime        *prometheus.HistogramVec // seconds that a room's move took, by kind: from its begin, or from the leader's loss
	StandbyBytes    prometheus.Counter       // bytes of state queued for standbys
	StandbyLag      prometheus.Histogram     // seconds that standbys are behind, each once a second
	Members         *prometheus.GaugeVec     // members in the view, by role and state

	Outcomes         *prometheus.CounterVec   // the results store's answers to outcomes, by verdict
	OutcomesWaiting  prometheus.Gauge         // outcomes of this server that the results store does not have yet
	OutcomesOldest   prometheus.Gauge         // seconds that the oldest of them has waited
	RoomStatsDropped prometheus.Counter       // rooms whose statistics of a minute could not be sent
	Conflicts        *prometheus.CounterVec   // of a router: bodies that its results store refused, by verdict
	WebhookTime      *prometheus.HistogramVec // of a router: attempts at endpoints in seconds, by endpoint and result

	HandshakesFailed *prometheus.CounterVec   // connections to the peer port that proved nothing, by reason
	GossipRefused    *prometheus.CounterVec   // inbound gossip streams closed at a limit, by reason
	MembersLost      *prometheus.CounterVec   // members that went, by reason (membership.Reason)
	Requests         *prometheus.HistogramVec // router requests in seconds, by route and status class
	Watchers         prometheus.Gauge         // who follow the fleet's events through a router
	Tunnels          prometheus.Gauge         // sockets tunnelled by a router in proxy mode
	EdgeConnections  *prometheus.GaugeVec     // strangers' connections, by kind (edge.Kind)
	EdgeLimit        *prometheus.GaugeVec     // the limit of each kind, and of all: connections
	EdgeRefused      *prometheus.CounterVec   // strangers' connections refused, by the kind that they would have been and the reason
	EdgeEvicted      *prometheus.CounterVec   // strangers' connections closed to make room, by kind and reason
}

// NewMetrics builds the metrics and registers them with reg; a nil reg leaves them unregistered, for tests.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "ringside", Name: name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "ringside", Name: name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "ringside", Name: name, Help: help}, labels)
	}
	ticks := []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .02, .05, .1}
	m := &Metrics{
		Rooms:       gauge("rooms", "Rooms that this server leads."),
		Players:     gauge("players", "Seats whose client is connected."),
		Spectators:  gauge("spectators", "Connected spectators."),
		Connections: gauge("connections", "Open client connections, entered or not."),
		TickDuration: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "ringside", Name: "tick_duration_seconds",
			Help: "Time from a tick's start to its last flush.", Buckets: ticks}),
		TickLateness: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "ringside", Name: "tick_lateness_seconds",
			Help: "Time between a tick's due time and its start.", Buckets: ticks}),
		TicksLate:       counter("ticks_late_total", "Ticks that began more than one period late."),
		PlayerTicks:     counter("player_ticks_total", "Frames queued to players."),
		WorkerBusy:      gauge("worker_busy_ratio", "Share of time that the busiest tick worker is busy."),
		RoomsSuspended:  gauge("rooms_suspended", "Rooms that this server leads and does not tick: it does not see a quorum, or checks whether it may lead them."),
		RoomsRefused:    counter("rooms_refused_total", "Rooms not made because the tick workers were overloaded."),
		Replicas:        gauge("replicas", "Rooms of other servers that this server stands by for."),
		ReplicasRefused: counter("replicas_refused_total", "Replicas that this server refused because it has as many as it may (-max-replicas)."),
		RoomsCrashed:    counter("rooms_crashed_total", "Rooms ended by a panic in their game, or because it hung."),
		RoomsHung:       counter("rooms_hung_total", "Calls into games that did not return. Each costs a core until the process ends."),
		TickSeconds:     counters("tick_seconds_total", "Time that ticks took, by game.", "game"),
		InboxFull:       counter("inbox_full_total", "Messages refused because a room's inbox was full."),
		Jobs:            gauge("jobs", "Jobs of games outside of their rooms that run or wait for their turn."),
		CustomsRefused:  counter("customs_refused_total", "Custom messages that games could not send because they were too long, or too many in a tick."),
		OutboxDrops:     counter("outbox_drops_total", "Times an outbox dropped its pending state."),
		SentBytes:       counter("sent_bytes_total", "Bytes written to clients."),
		RecvBytes:       counter("received_bytes_total", "Payload bytes read from clients."),
		Closed:          counters("connections_closed_total", "Connections closed by this server, by close code.", "code"),
		ClockSkew:       gauge("clock_skew_seconds", "Seconds by which this server's clock seems ahead of the routers', by the tickets of clients; 0: it is right."),
		Tickets:         counters("tickets_total", "Tickets by result.", "result"),
		Limited:         counters("limited_total", "Requests beyond a limit of what one stranger may take, by limit.", "limit"),
		Claims:          counters("claims_total", "Claims asked of other servers, by answer.", "answer"),
		Moved:           counter("clients_moved_total", "Clients sent to another server."),
		Moves:           counters("moves_total", "Rooms moved between servers, by kind and result.", "kind", "result"),
		StandbyBytes:    counter("standby_bytes_total", "Bytes of state queued for standbys."),
		StandbyLag: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "ringside", Name: "standby_lag_seconds",
			Help: "How far standbys are behind their leader, each observed once a second.", Buckets: append(ticks, .25, .5, 1, 5)}),
		Members: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "ringside", Name: "members",
			Help: "Members in this process's view."}, []string{"role", "state"}),
		MembersLost: counters("members_lost_total", "Members that went, by reason: left, exited (their process has ended), refused (no member reaches them), unreachable (silent).", "reason"),
		MoveTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "ringside", Name: "move_seconds",
			Help:    "Time that a room's move took, by kind: from its begin, or from the loss of its leader. Players play on meanwhile.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"kind"}),
		Requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "ringside", Name: "request_seconds",
			Help: "Router requests.", Buckets: prometheus.DefBuckets}, []string{"route", "status"}),
		HandshakesFailed: counters("link_handshakes_failed_total", "Connections to the peer port that ended without a proof, by reason: limit, address_limit, timeout, closed, refused.", "reason"),
		GossipRefused:    counters("gossip_streams_refused_total", "Inbound gossip streams closed at a limit, by reason: limit, address_limit, bytes.", "reason"),
		Outcomes:         counters("outcomes_total", "Answers of the results store to outcomes of this server, by verdict: stored, conflict, fenced, invalid.", "verdict"),
		OutcomesWaiting:  gauge("outcomes_waiting", "Outcomes of this server that the results store does not have yet."),
		OutcomesOldest:   gauge("outcomes_oldest_seconds", "How long the oldest outcome has waited for the results store, since this process started; 0: none waits."),
		RoomStatsDropped: counter("room_stats_dropped_total", "Minutes of rooms whose statistics could not be sent to a results store, and are lost."),
		Conflicts:        counters("results_conflicts_total", "Outcomes that this router's results store refused, by verdict: conflict (the match has another outcome), fenced (a later leader has written), each a broken guarantee, and invalid (it cannot be read).", "verdict"),
		WebhookTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "ringside", Name: "webhook_seconds",
			Help: "Attempts to deliver outcomes to endpoints, by endpoint and result: delivered, failed, dead, disabled.", Buckets: prometheus.DefBuckets}, []string{"endpoint", "result"}),
		Watchers: gauge("watchers", "Streams of the fleet's events that this router serves."),
		Tunnels:  gauge("tunnels", "Client sockets that this router tunnels."),
		EdgeConnections: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "ringside", Name: "edge_connections",
			Help: "Connections of the public listener and client connections of the internal one, by kind: idle, active, unentered, entered, stream."}, []string{"kind"}),
		EdgeLimit: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "ringside", Name: "edge_limit",
			Help: "Limit of each kind of connections, and of all together: connections."}, []string{"kind"}),
		EdgeRefused: counters("edge_refused_total", "Connections refused, by kind and reason: connections, address, descriptors, kind (its own limit).", "kind", "reason"),
		EdgeEvicted: counters("edge_evicted_total", "Unused connections closed to make room, by kind and reason.", "kind", "reason"),
	}
	if reg != nil {
		reg.MustRegister(m.Rooms, m.Players, m.Spectators, m.Connections, m.TickDuration, m.TickLateness, m.TicksLate,
			m.PlayerTicks, m.WorkerBusy, m.RoomsSuspended, m.RoomsRefused, m.Replicas, m.ReplicasRefused, m.RoomsCrashed, m.RoomsHung, m.TickSeconds, m.InboxFull, m.Jobs, m.CustomsRefused, m.OutboxDrops, m.SentBytes,
			m.RecvBytes, m.Closed, m.ClockSkew, m.Tickets, m.Limited, m.Claims, m.Moved, m.Moves, m.MoveTime, m.StandbyBytes, m.StandbyLag, m.Members, m.MembersLost, m.Requests, m.Watchers, m.Tunnels,
			m.HandshakesFailed, m.GossipRefused, m.Outcomes, m.OutcomesWaiting, m.OutcomesOldest, m.RoomStatsDropped, m.Conflicts, m.WebhookTime, m.EdgeConnections, m.EdgeLimit, m.EdgeRefused, m.EdgeEvicted)
	}
	return m
}
