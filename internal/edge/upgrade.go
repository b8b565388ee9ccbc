package edge

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// CheckUpgrade says what is wrong with a request that asks for a WebSocket with subprotocol, and the status to refuse it with.
func CheckUpgrade(h http.Header, subprotocol string) (status int, err error) {
	switch {
	case !HasToken(h, "Connection", "upgrade") || !HasToken(h, "Upgrade", "websocket"):
		return http.StatusUpgradeRequired, fmt.Errorf("this is a WebSocket; ask for the upgrade to it")
	case h.Get("Sec-WebSocket-Version") != "13":
		return http.StatusUpgradeRequired, fmt.Errorf("Sec-WebSocket-Version is %q; use 13", h.Get("Sec-WebSocket-Version"))
	case !HasToken(h, "Sec-WebSocket-Protocol", subprotocol):
		return http.StatusBadRequest, fmt.Errorf("Sec-WebSocket-Protocol is %q; offer %s",
			strings.Join(h.Values("Sec-WebSocket-Protocol"), ", "), subprotocol)
	}
	if key, err := base64.StdEncoding.DecodeString(h.Get("Sec-WebSocket-Key")); err != nil || len(key) != 16 {
		return http.StatusBadRequest, fmt.Errorf("Sec-WebSocket-Key is %q; send 16 random bytes in base64", h.Get("Sec-WebSocket-Key"))
	}
	return 0, nil
}

// HasToken reports whether token is in the comma-separated lists of all header lines called name.
func HasToken(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// Handshake is the answer to a request with key, a Sec-WebSocket-Key (RFC 6455, 4.2.2).
func Handshake(key, subprotocol string) []byte {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n" +
		"Sec-WebSocket-Protocol: " + subprotocol + "\r\n\r\n")
}
