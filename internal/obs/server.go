package obs

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// ServerMetrics is what a game server exports besides Shared.
type ServerMetrics struct {
	Shared
	Rooms            prometheus.Gauge         // rooms led
	Players          prometheus.Gauge         // seats whose client is connected
	Spectators       prometheus.Gauge         // connected spectators
	Connections      prometheus.Gauge         // open client connections, entered or not
	TickDuration     prometheus.Histogram     // seconds from a tick's start to its last flush
	TickLateness     prometheus.Histogram     // seconds between a tick's due time and its start
	TicksLate        prometheus.Counter       // ticks that began more than one period late, whose lost time was skipped
	PlayerTicks      prometheus.Counter       // frames queued to players: the unit that costs are measured in
	WorkerBusy       prometheus.Gauge         // share of time the busiest tick worker is busy, 0 to 1
	RoomsSuspended   prometheus.Gauge         // rooms led that do not tick, for whatever reason
	RoomsRefused     prometheus.Counter       // rooms not made because the workers were overloaded
	Replicas         prometheus.Gauge         // rooms of other servers that this one stands by for
	ReplicasRefused  prometheus.Counter       // replicas refused at the limit
	RoomsCrashed     prometheus.Counter       // rooms ended by a panic in the game
	RoomsHung        prometheus.Counter       // of them, those whose game did not return; each costs a core until the process ends
	TickSeconds      *prometheus.CounterVec   // seconds that ticks took, by game
	InboxFull        prometheus.Counter       // messages refused because a room's inbox was full
	Jobs             prometheus.Gauge         // jobs of games that run or wait for their turn
	CustomsRefused   prometheus.Counter       // custom messages of games that were over the bound of a tick
	OutboxDrops      prometheus.Counter       // times an outbox went over its bound and dropped its pending state
	SentBytes        prometheus.Counter       // bytes written to clients, WebSocket headers included
	RecvBytes        prometheus.Counter       // payload bytes read from clients
	Closed           *prometheus.CounterVec   // connections closed by us, by code (name of proto.CloseCodes)
	ClockSkew        prometheus.Gauge         // seconds by which this server's clock is ahead of the routers'; 0: nothing of it is seen
	Claims           *prometheus.CounterVec   // claims asked, by answer (ownership.Holding), refused or timeout
	Moved            prometheus.Counter       // clients sent to another server
	Moves            *prometheus.CounterVec   // rooms moved, by kind (handoff, failover) and result (done, called-off)
	StandbyBytes     prometheus.Counter       // bytes of state queued for standbys
	StandbyLag       prometheus.Histogram     // seconds that standbys are behind, each once a second
	MoveTime         *prometheus.HistogramVec // seconds that a room's move took, by kind: from its begin, or from the leader's loss
	StreamsRefused   prometheus.Counter       // clients' streams over routers' links that were closed because too many waited to be accepted
	HandshakesFailed *prometheus.CounterVec   // connections to the peer port that proved nothing, by reason
	Outcomes         *prometheus.CounterVec   // the results store's answers to outcomes, by verdict
	OutcomesWaiting  prometheus.Gauge         // outcomes of this server that the results store does not have yet
	OutcomesOldest   prometheus.Gauge         // seconds that the oldest of them has waited
	RoomStatsDropped prometheus.Counter       // rooms whose statistics of a minute could not be sent
}

// NewServerMetrics builds the metrics of a game server and registers them with reg; a nil reg leaves them unregistered, for tests.
func NewServerMetrics(reg prometheus.Registerer) *ServerMetrics {
	f := factory{promauto.With(reg)}
	m := &ServerMetrics{
		Shared:      newShared(f),
		Rooms:       f.gauge("rooms", "Rooms that this server leads."),
		Players:     f.gauge("players", "Seats whose client is connected."),
		Spectators:  f.gauge("spectators", "Connected spectators."),
		Connections: f.gauge("connections", "Open client connections, entered or not."),
		TickDuration: f.NewHistogram(prometheus.HistogramOpts{Namespace: "ringside", Name: "tick_duration_seconds",
			Help: "Time from a tick's start to its last flush.", Buckets: tickBuckets}),
		TickLateness: f.NewHistogram(prometheus.HistogramOpts{Namespace: "ringside", Name: "tick_lateness_seconds",
			Help: "Time between a tick's due time and its start.", Buckets: tickBuckets}),
		TicksLate:       f.counter("ticks_late_total", "Ticks that began more than one period late."),
		PlayerTicks:     f.counter("player_ticks_total", "Frames queued to players."),
		WorkerBusy:      f.gauge("worker_busy_ratio", "Share of time that the busiest tick worker is busy."),
		RoomsSuspended:  f.gauge("rooms_suspended", "Rooms that this server leads and does not tick: it does not see a quorum, or checks whether it may lead them."),
		RoomsRefused:    f.counter("rooms_refused_total", "Rooms not made because the tick workers were overloaded."),
		Replicas:        f.gauge("replicas", "Rooms of other servers that this server stands by for."),
		ReplicasRefused: f.counter("replicas_refused_total", "Replicas that this server refused because it has as many as it may (-max-replicas)."),
		RoomsCrashed:    f.counter("rooms_crashed_total", "Rooms ended by a panic in their game, or because it hung."),
		RoomsHung:       f.counter("rooms_hung_total", "Calls into games that did not return. Each costs a core until the process ends."),
		TickSeconds:     f.counters("tick_seconds_total", "Time that ticks took, by game.", "game"),
		StreamsRefused:  f.counter("tunnel_streams_refused_total", "Streams of clients behind routers closed because too many waited to be accepted."),
		InboxFull:       f.counter("inbox_full_total", "Messages refused because a room's inbox was full."),
		Jobs:            f.gauge("jobs", "Jobs of games outside of their rooms that run or wait for their turn."),
		CustomsRefused:  f.counter("customs_refused_total", "Custom messages that games could not send because they were too long, or too many in a tick."),
		OutboxDrops:     f.counter("outbox_drops_total", "Times an outbox dropped its pending state."),
		SentBytes:       f.counter("sent_bytes_total", "Bytes written to clients."),
		RecvBytes:       f.counter("received_bytes_total", "Payload bytes read from clients."),
		Closed:          f.counters("connections_closed_total", "Connections closed by this server, by close code.", "code"),
		ClockSkew:       f.gauge("clock_skew_seconds", "Seconds by which this server's clock seems ahead of the routers', by the tickets of clients; 0: it is right."),
		Claims:          f.counters("claims_total", "Claims asked of other servers, by answer.", "answer"),
		Moved:           f.counter("clients_moved_total", "Clients sent to another server."),
		Moves:           f.counters("moves_total", "Rooms moved between servers, by kind and result.", "kind", "result"),
		StandbyBytes:    f.counter("standby_bytes_total", "Bytes of state queued for standbys."),
		StandbyLag: f.NewHistogram(prometheus.HistogramOpts{Namespace: "ringside", Name: "standby_lag_seconds",
			Help: "How far standbys are behind their leader, each observed once a second.", Buckets: append(slices.Clone(tickBuckets), .25, .5, 1, 5)}),
		MoveTime: f.NewHistogramVec(prometheus.HistogramOpts{Namespace: "ringside", Name: "move_duration_seconds",
			Help:    "Time that a room's move took, by kind: from its begin, or from the loss of its leader. Players play on meanwhile.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"kind"}),
		HandshakesFailed: preset(f.counters("link_handshakes_failed_total", "Connections to the peer port that ended without a proof, by reason: limit, address_limit, timeout, closed, refused.", "reason"), "limit", "address_limit", "timeout", "closed", "refused"),
		Outcomes:         preset(f.counters("outcomes_total", "Answers of the results store to outcomes of this server, by verdict: stored, conflict, fenced, invalid.", "verdict"), "stored", "conflict", "fenced", "invalid"),
		OutcomesWaiting:  f.gauge("outcomes_waiting", "Outcomes of this server that the results store does not have yet."),
		OutcomesOldest:   f.gauge("outcomes_oldest_seconds", "How long the oldest outcome has waited for the results store, since this process started; 0: none waits."),
		RoomStatsDropped: f.counter("room_stats_dropped_total", "Minutes of rooms whose statistics could not be sent to a results store, and are lost."),
	}
	preset(m.Claims, "none", "creating", "moved", "over", "gone", "standby", "leading", "refused", "timeout")
	for kind, results := range map[string][]string{"handoff": {"done", "called-off"}, "failover": {"done"}} {
		m.MoveTime.WithLabelValues(kind)
		for _, result := range results {
			m.Moves.WithLabelValues(kind, result)
		}
	}
	return m
}
