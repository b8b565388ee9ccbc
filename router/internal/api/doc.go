// Package api is how the router's handlers answer HTTP: routes with their metrics and access log, problems that say what to do
// (RFC 9457), JSON bodies and streams of server-sent events. It knows nothing of rooms and servers.
package api
