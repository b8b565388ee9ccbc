// Package servers asks game servers at their internal addresses, whose names they prove first: on demand, and about once a second
// for their summaries. All that the router knows of servers and their rooms comes from here, and nothing of it is kept for long.
package servers
