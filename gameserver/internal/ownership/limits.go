package ownership

import "time"

// Times of the machine. Those that wait for another server are extended by the fleet's round trip where that matters: the
// shell bounds a round of questions, and the machine counts rounds.
const (
	// ClaimTime is how long a server that has answered None to a claim leaves the room to the asker: until all views show the
	// asker. It leaves the room longer, up to returnTime, to one that its view does not show and whose end it does not know. An asker that has not created the room by createTime asks again.
	ClaimTime  = 4 * time.Second
	createTime = 500 * time.Millisecond
	// LeaseTime is how long a replica may be led from after its stream was lost, and how long a leader that was suspended may
	// resume without the word of each standby. DetachTime is how long outcomes wait for a standby whose stream is lost. A
	// standby notices the loss within a second or two; LeaseTime and that are below DetachTime.
	LeaseTime  = 5 * time.Second
	DetachTime = 8 * time.Second
	// fence is by how much the epoch is raised when outcomes wait no longer for a standby that may have taken over: more than a
	// server can raise it that has taken over from a replica and has no quorum. Outcomes wait until the other standbys have
	// acknowledged a tick of the raised epoch.
	fence = 16
	// keepTime bounds how long an expired replica, or a suspended leader, waits for a server that may have gone on with the room.
	keepTime = 10 * time.Minute
	// tombTime is how long a server remembers a room that it had: longer than keepTime, so that whoever comes back hears of it.
	// redirectTime is how long clients are sent where it went.
	tombTime     = 15 * time.Minute
	redirectTime = time.Minute
	// graveTime is how long a server remembers that an instance has ended, or was lost: until then its players, whose machines slept,
	// hear which of the two it was.
	graveTime = time.Hour

	// askAgain is the pause between two rounds of questions while a needed answer is missing; graceTime the one while a better
	// replica is about to be led elsewhere, which has heirTime to do it.
	askAgain  = 125 * time.Millisecond
	graceTime = 25 * time.Millisecond
	heirTime  = time.Second
	// resetTime is how long after the loss of its stream a leader is asked every resetPause: the socket of a process that was
	// killed may take a connection for some milliseconds more, and then refuses.
	resetPause = 10 * time.Millisecond
	resetTime  = time.Second
	// orphanCheck is how often a replica whose leader lives and does not open a stream asks again.
	orphanCheck = 2 * time.Second
	// tookTime is how long the target of a handoff may take to open its stream, before it is asked.
	tookTime = 500 * time.Millisecond
	// prepareRetry is the wait after a simulation could not be made from a replica.
	prepareRetry = 250 * time.Millisecond

	// viewTime is how long a view may miss a server that is there, or show one that is gone.
	viewTime = 4 * time.Second
	// settleTime is how long no game server must have come or gone before this server's view is taken for the others' too.
	settleTime = 2 * time.Second
	// returnTime is how long a server that went without proof is expected back before its rooms are called lost.
	returnTime = 10 * time.Second
	// aloneTime is how long a leader may be without one of its standbys, in a fleet in which much fails at once.
	aloneTime = 30 * time.Second
	// lostTime is how long after the first question a server that does not answer, or refuses, is waited for. Clients ask again every
	// few seconds, and are to hear of a loss within 15 s.
	lostTime = returnTime
	// searchTime without a question ends the search for a room: it may have been found meanwhile.
	searchTime = 10 * time.Second
	// youth is for how long a process believes others for how long they know that a room is looked for: one that has run for longer
	// knows it by itself.
	youth = 15 * time.Second
	// wakeTime is how long after a pause of this process its view may be stale: servers that joined meanwhile are not in it.
	wakeTime = 1500 * time.Millisecond
	// pauseTime is how long a stream must last after a pause before it counts as alive: earlier records may have waited in a buffer.
	pauseTime = 2 * time.Second
	// askStandbys is how often a leader asks after a standby whose stream cannot be opened.
	askStandbys = time.Second
	// sawTime is the least time between two questions that a client's word causes.
	sawTime = 3 * time.Second

	// reopenTime is the first wait before a standby's stream is opened again; it doubles up to maxReopen.
	reopenTime = 25 * time.Millisecond
	maxReopen  = 2 * time.Second
	// endTime is how long after the loss of its stream the end of a standby's process proves that it has not led: a takeover takes
	// longer where the leader lives.
	endTime = 500 * time.Millisecond
	// replaceTime is how long a standby may be without a stream before another server stands by as well.
	replaceTime = 300 * time.Millisecond
	// avoidTime is how long a server that does not stand by for the room is not asked again; avoidBusy, if that may change soon.
	avoidTime = 30 * time.Second
	avoidBusy = time.Second
	// catchUpTime is how long the target of a move may take to have the room.
	catchUpTime = 5 * time.Second
	// probationTime is how long the first tick after a takeover waits for a standby to announce it to.
	probationTime = 250 * time.Millisecond
)
