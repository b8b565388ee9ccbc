package proto

// RouterHeader is a header with which a router in proxy mode names itself in the upgrades that it passes on, so that the
// server can ask the router's clients to come by another one before it ends. It is no part of the protocol: clients do
// not send it, and a server takes it for nothing but a hint.
const RouterHeader = "X-Ringside-Router"
