// Package match finds a seat in a room of quick match. seats.go decides, as plain data under one lock: which room is the best, and
// who has been promised what. The rooms are those that the servers list, when somebody looks for a match.
package match
