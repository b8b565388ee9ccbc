package session

// First byte of a WebSocket frame (RFC 6455, 5.2): flags and opcode. Every frame of ours is a whole message.
const (
	finBit   = 0x80
	reserved = 0x70

	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

const (
	// maskBit, in the second byte, is set in every frame of a client and in none of ours.
	maskBit = 0x80
	// maxHeader is the longest header of a frame from a server, which is not masked.
	maxHeader = 10
	// maxControl is the longest payload of a control frame.
	maxControl = 125
)
