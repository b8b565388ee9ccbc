// Package webhook delivers outcomes to endpoints: web servers, by the convention of https://www.standardwebhooks.com, and NATS
// JetStream. What is owed to whom is in the results store; any number of routers may deliver from one store.
//
// A message is a POST with the outcome as JSON:
//
//	{"type": "outcome", "timestamp": "2026-11-29T12:00:00Z", "data": {"seq": 7, "outcome": {…}}}
//	webhook-id: 00c0ffee00c0ffee-3        the outcome's id: the same in every attempt
//	webhook-timestamp: 1795953600         of this attempt
//	webhook-signature: v1,BASE64 v1,BASE64   HMAC-SHA256 of "id.timestamp.body" by each secret
//
// An answer of 2xx ends a delivery. 410 disables the endpoint. Anything else, and no answer within ten seconds, is tried again
// for 24 hours, with back-off and jitter; then the delivery is a dead letter, which an operator can list and retry. An
// endpoint can get a message twice, and messages in another order: it keeps the ids that it has seen.
//
// Every endpoint has a queue and a goroutine of its own, so a slow one holds nobody up. Connections to addresses that are not
// public are refused when they are dialled, after the name was resolved, unless the endpoint allows them.
//
// # Use
//
// Package router/store reads the endpoints with LoadEndpoints from the file of -webhooks, builds a Dispatcher on its results.Store, and
// runs Run beside its other loops. Store.Endpoints, DeadLetters, Retry and Enable are for operators.
package webhook
