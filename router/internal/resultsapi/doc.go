// Package resultsapi is the HTTP side of a results store.
//
// Public gives what studios and players read:
//
//	GET /v1/rooms/{room}/outcomes?match=N&after=SEQ&wait=25s   outcomes of a room; with wait, a long poll for the next one
//	    with instance=ID&match=N                           one match; with before=SEQ, the newest first
//	GET /v1/outcomes?after=SEQ&limit=N&wait=25s                all outcomes in order, by pages; for operators
//	    the same with Accept: text/event-stream                as server-sent events, from Last-Event-ID or after
//	GET /v1/players/{player}/matches?before=SEQ                a player's outcomes, the newest first; for operators and that player
//	GET /v1/boards                                         the leaderboards that there are
//	GET /v1/boards/{board}?season=S&around=PLAYER&limit=N      a leaderboard
//	GET /v1/stats/rooms?game=G&room=R&from=T&to=T&step=5m      what rooms did, by steps of whole minutes; for operators
//
// Operators, such as a studio's backend, see identities and the game's data. Everybody else sees aliases and names, and which rows are
// their own; for PLAYER they write me.
//
// Internal gives what game servers and operators call on the router's internal listener:
//
//	POST /internal/v1/outcomes     outcome.Batch → outcome.Answers
//	POST /internal/v1/takeovers    outcome.Takeover → outcome.TakeoverAnswer
//	POST /internal/v1/rooms        roomstats.Batch → {}
//	GET  /internal/v1/conflicts    refused bodies
//	GET  /internal/v1/endpoints    what is owed to whom
//	GET  /internal/v1/endpoints/{name}/dead                dead letters
//	POST /internal/v1/endpoints/{name}/retry, /enable      make them due again; deliver again after 410
//	DELETE /internal/v1/endpoints/{name}                   forget one that is in no router's file any more
//	POST /internal/v1/boards/{board}/rebuild               compute a board again from history
//
// # Use
//
// The router's front mounts Public under its own middleware for the paths above and gives Config.Caller, which knows tokens
// (a ticket.Operator, a ticket.IdentityVerifier). It also checks who asks Internal: game servers by their certificates, operators by their token.
package resultsapi
