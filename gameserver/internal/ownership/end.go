package ownership

import "github.com/ringside-go/ringside/proto"

// end ends the room here: its clients hear e, and its standbys that they are not needed. The caller remembers where it went.
func (m *Machine) end(e End, r Report) {
	r.From = m.config.Self.Server
	m.do(r, e)
	m.endMove(errDeposed)
	m.endStandbys(r.Why)
	m.absent()
}

// endStandbys ends the streams of the room that is led here.
func (m *Machine) endStandbys(why string) {
	for _, s := range m.lead.standbys {
		m.do(Remove{s.id, why})
	}
}

// stepDown ends the room here: server leads it, in a later epoch.
func (m *Machine) stepDown(server string, e proto.Epoch) {
	m.end(End{Code: proto.CloseMoved, Server: server, Epoch: e}, Report{Kind: ReportDeposed, To: server, Epoch: e, Why: "higher epoch"})
	m.bury(Moved, e, server)
}

// superseded ends the room here, because what it decides does not count: the results store has the word of another leader. Clients go
// there, or, where it is not known who that is, look for it. That leader may be gone since: this server does not say that it leads, so
// that the room can be declared lost if no server has it any more.
func (m *Machine) superseded(by proto.Epoch) {
	e := m.lead.epoch
	report, end := Report{Kind: ReportDeposed, Epoch: e, Why: "the results store has another outcome"}, End{Code: proto.CloseMoved}
	switch {
	case by.Server != "" && (by.Instance != e.Instance || !e.Less(by)): // it was said of an earlier epoch of this leader
		return
	case by.Server != "" && by.Server != m.config.Self.Server:
		report.To, report.Epoch, end.Server, end.Epoch = by.Server, by, by.Server, by
	}
	m.end(end, report)
}

// These are for a room that was declared lost, or of which another instance is led.
const (
	whyOther = "another instance of the room was created while this one was suspended"
	whyLost  = "the fleet has declared it lost while this server was cut off or paused"
	whyTwo   = "another instance of the room is led, and goes before this one"
)

// endLost ends a room that the fleet has declared lost, with CloseLost, or of which another instance is led elsewhere, with CloseOver.
func (m *Machine) endLost(code proto.CloseCode, why string) {
	e := m.lead.epoch
	m.end(End{Code: code}, Report{Kind: ReportLost, Epoch: e, Why: why})
	m.bury(Gone, proto.Epoch{Instance: e.Instance}, "")
}

// endEnded ends a room that has ended on another server.
func (m *Machine) endEnded(e proto.Epoch) {
	m.end(End{Code: proto.CloseEnded},
		Report{Kind: ReportDeposed, To: e.Server, Epoch: e, Why: "it ended elsewhere while this server was cut off or paused"})
	m.bury(Over, e, "")
}

// endCrashed ends a room that has killed another server, as its players were told.
func (m *Machine) endCrashed() {
	e := m.lead.epoch
	m.end(End{Code: proto.CloseCrashed}, Report{Kind: ReportLost, Epoch: e, Why: "it has killed a server that took it over"})
	m.bury(Over, e, "")
	m.tomb.crashed = true
}

// endUseless ends a room whose state is of no use here. Another server may have it; if none has, the clients that look for it
// have it declared lost. Its replicas are of no use either: whoever asks hears that server, which may be gone, has gone on with it.
func (m *Machine) endUseless(server, why string) {
	e := m.lead.epoch
	m.end(End{Code: proto.CloseOverloaded}, Report{Kind: ReportDropped, To: server, Epoch: e, Why: why})
	m.bury(Moved, e.Next(server), server)
	m.tomb.gone = true
}
