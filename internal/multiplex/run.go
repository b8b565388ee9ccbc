package multiplex

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// readBuffer is what one read takes at most.
	readBuffer = 64 << 10
	// closeTimeout bounds writing the rest of a link that closes, and the other side's end after it.
	closeTimeout = time.Second
)

// Run reads and writes with two goroutines until the link is closed or broken, or ctx ends, which cuts it off. pending was read from conn
// already. It closes conn, and all streams are broken when it returns.
func (l *Link) Run(ctx context.Context, conn net.Conn, pending []byte) {
	stop := context.AfterFunc(ctx, func() {
		l.Fail(context.Cause(ctx))
		_ = conn.Close()
	})
	defer stop()
	wake := make(chan struct{}, 1)
	l.Signal(func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	})
	var writer sync.WaitGroup
	writer.Go(func() {
		err := l.write(conn, wake)
		half, ok := conn.(interface{ CloseWrite() error })
		if err == nil && ok && half.CloseWrite() == nil { // and read on: unread bytes would make a reset of the end
			_ = conn.SetReadDeadline(time.Now().Add(closeTimeout))
			return
		}
		l.Fail(err)
		_ = conn.Close()
	})
	err := l.Deliver(pending, time.Now())
	if err == nil {
		err = l.read(conn)
	}
	l.Fail(err)
	_ = conn.Close()
	writer.Wait()
}

// write writes what there is until the link is closed.
func (l *Link) write(conn net.Conn, wake <-chan struct{}) error {
	var spare []byte
	for range wake {
		b, last := l.Take(spare)
		if last {
			_ = conn.SetWriteDeadline(time.Now().Add(closeTimeout))
		}
		if len(b) > 0 {
			if _, err := conn.Write(b); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
		if spare = b; cap(b) > readBuffer {
			spare = nil
		}
	}
	return nil
}

// read delivers what comes until there is an error, which the end of the connection is too.
func (l *Link) read(conn net.Conn) error {
	b := make([]byte, readBuffer)
	for armed := (time.Time{}); ; {
		n, err := conn.Read(b)
		now := time.Now()
		if n > 0 {
			if err := l.Deliver(b[:n], now); err != nil {
				return err
			}
		}
		if errors.Is(err, os.ErrDeadlineExceeded) && l.Err() == nil {
			err = l.Check(now)
		}
		if err != nil {
			return err
		}
		if now.Sub(armed) > fresh && l.Err() == nil {
			armed = now
			_ = conn.SetReadDeadline(now.Add(pingAfter))
		}
	}
}
