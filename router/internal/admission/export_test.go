package admission

// The answers, for tests of whole routers.
type (
	Answer      = admission
	PartyAnswer = partyAdmission
	Place       = place
)

const TicketLife = ticketLife
