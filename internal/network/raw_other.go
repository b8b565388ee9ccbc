//go:build !linux

package network

import "net"

// Raw returns conn; on Linux its reads and writes cost less.
func Raw(conn net.Conn) net.Conn { return conn }
