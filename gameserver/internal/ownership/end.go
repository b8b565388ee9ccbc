package ownership

import "github.com/ringside-go/ringside/proto"

// stepDown ends the room here: server leads it, in a later epoch.
func (m *Machine) stepDown(server string, e proto.Epoch) {
	m.do(Report{Kind: ReportDeposed, From: m.config.Self.Server, To: server, Epoch: e, Why: "higher epoch"},
		End{Code: proto.CloseMoved, Server: server, Epoch: e})
	m.giveUp("another server leads the room")
	m.bury(Moved, e, server)
}

// superseded ends the room here, because what it decides does not count: the results store has the word of another leader. Clients go
// there, or, where it is not known who that is, look for it. That leader may be gone since: this server does not say that it leads, so
// that the room can be declared lost if no server has it any more.
func (m *Machine) superseded(by proto.Epoch) {
	e, self := m.lead.epoch, m.config.Self.Server
	if by.Server != "" && (by.Instance != e.Instance || !e.Less(by)) {
		return // it was said of an earlier epoch of this leader
	}
	report, end := Report{Kind: ReportDeposed, From: self, Epoch: e, Why: "the results store has another outcome"}, End{Code: proto.CloseMoved}
	if by.Server != "" && by.Server != self {
		report.To, report.Epoch, end.Server, end.Epoch = by.Server, by, by.Server, by
	}
	m.do(report, end)
	m.giveUp("the results store has the word of another leader")
}

// endOver ends the room here: another instance of it is led elsewhere.
func (m *Machine) endOver() {
	e := m.lead.epoch
	m.do(Report{Kind: ReportLost, From: m.config.Self.Server, Epoch: e, Why: "another instance of the room was created while this one was suspended"},
		End{Code: proto.CloseOver})
	m.giveUp("the instance is over")
	m.bury(Gone, proto.Epoch{Instance: e.Instance}, "")
}

// endLost ends a room that the fleet has declared lost.
func (m *Machine) endLost() {
	const why = "the fleet has declared it lost while this server was cut off or paused"
	e := m.lead.epoch
	m.do(Report{Kind: ReportLost, From: m.config.Self.Server, Epoch: e, Why: why}, End{Code: proto.CloseLost})
	m.giveUp(why)
	m.bury(Gone, proto.Epoch{Instance: e.Instance}, "")
}

// endEnded ends a room that has ended on another server.
func (m *Machine) endEnded(e proto.Epoch) {
	const why = "it ended elsewhere while this server was cut off or paused"
	m.do(Report{Kind: ReportDeposed, From: m.config.Self.Server, To: e.Server, Epoch: e, Why: why}, End{Code: proto.CloseEnded})
	m.giveUp(why)
	m.bury(Over, e, "")
}

// endCrashed ends a room that has killed another server, as its players were told.
func (m *Machine) endCrashed() {
	const why = "it has killed a server that took it over"
	e := m.lead.epoch
	m.do(Report{Kind: ReportLost, From: m.config.Self.Server, Epoch: e, Why: why}, End{Code: proto.CloseCrashed})
	m.giveUp(why)
	m.bury(Over, e, "")
	m.tomb.crashed = true
}

// endUseless ends a room whose state is of no use here. Another server may have it; if none has, the clients that look for it
// have it declared lost.
// Its replicas are of no use either: whoever asks hears that server, which may be gone, has gone on with it.
func (m *Machine) endUseless(server, why string) {
	e := m.lead.epoch
	m.do(Report{Kind: ReportDropped, From: m.config.Self.Server, To: server, Epoch: e, Why: why}, End{Code: proto.CloseOverloaded})
	m.giveUp(why)
	m.bury(Moved, e.Next(server), server)
}

func (m *Machine) giveUp(why string) {
	m.endMove(errDeposed)
	for _, s := range m.lead.standbys {
		m.do(Remove{s.id, why})
	}
	m.absent()
}
