// Package outcome is what game servers and routers say to each other about decided matches: the outcome itself, the batch
// in which a game server hands outcomes to a results store, and the store's answer. It has no socket, clock or goroutine.
//
//	POST /internal/v1/outcomes   Batch → Answers, on the router's internal listener
//	POST /internal/v1/takeovers  Takeover → TakeoverAnswer, likewise
//
// (instance, match) names an outcome for ever. Its body is the JSON of an Outcome; two bodies are the same outcome if their
// bytes are equal, so a body holds nothing that differs between leaders: no epoch, no server, no time of day.
package outcome
