package tunnel

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/proto"
)

const (
	// relayBuffer is all that one direction of a tunnel holds. Most messages are below 200 B. Splicing in the kernel would
	// save the copy, which is nothing at this size, and cost a pipe each way: two more descriptors.
	relayBuffer = 4 << 10
	// relayIdle closes a tunnel whose reader or writer makes no progress. Game servers give up twice as fast (silent and
	// slow clients), so it only meets what they cannot see.
	relayIdle = 2 * proto.SilenceTimeout
	// relayArm is how often the deadlines are set again while bytes flow; setting them for every message costs more.
	relayArm = time.Second
	// relayLinger is how long the other direction may go on after one has ended.
	relayLinger = 5 * time.Second
)

// relayBoth passes on what is pending, then bytes both ways until both directions have ended. An end of one direction is
// passed on as an end (half-close); an error ends both.
func relayBoth(client, server *stream) {
	var ending atomic.Bool
	var up sync.WaitGroup
	up.Go(func() { pump(server.Conn, client, &ending) })
	pump(client.Conn, server, &ending)
	up.Wait()
}

// pump copies from src to dst until src ends. ending says that the other direction has ended, or will be told that this
// one has.
func pump(dst net.Conn, src *stream, ending *atomic.Bool) {
	err := copyAll(dst, src, ending)
	if err != nil {
		_ = src.Close()
		_ = dst.Close()
		return
	}
	ending.Store(true)
	deadline := time.Now().Add(relayLinger)
	closeWrite(dst)
	_ = src.SetDeadline(deadline)
	_ = dst.SetDeadline(deadline)
}

func copyAll(dst net.Conn, src *stream, ending *atomic.Bool) error {
	var armed time.Time
	arm := func() {
		if now := time.Now(); now.Sub(armed) > relayArm && !ending.Load() {
			armed = now
			_ = src.SetReadDeadline(now.Add(relayIdle))
			_ = dst.SetWriteDeadline(now.Add(relayIdle))
		}
	}
	arm()
	if len(src.pending) > 0 {
		if _, err := dst.Write(src.pending); err != nil {
			return err
		}
		src.pending = nil
	}
	buf := make([]byte, relayBuffer)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			arm()
			if _, err := dst.Write(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// closeWrite says that no more bytes come, where the connection can say so (TCP and TLS do).
func closeWrite(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	_ = c.Close()
}
