package main

import (
	"fmt"
	"sync"

	"github.com/ringside-go/ringside/proto"
)

// leaders holds who leads each room as the players' welcomes say. Two players of one room who are told of different
// servers in the same epoch, or of different epochs while none of them has moved, have found a room that is led twice.
type leaders struct {
	mu      sync.Mutex
	servers map[proto.RoomID]leader
}

type leader struct {
	epoch  proto.Epoch
	server string
}

// observe takes a welcome and returns what is wrong with it, or "".
func (l *leaders) observe(w proto.Welcome) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	was, known := l.servers[w.Room]
	switch {
	case !known || was.epoch.Less(w.Epoch):
		l.servers[w.Room] = leader{w.Epoch, w.Server}
	case w.Epoch.Less(was.epoch):
		return fmt.Sprintf("room %s: server %s let a player in under epoch %v after %v was seen", w.Room, w.Server, w.Epoch, was.epoch)
	case was.server != w.Server:
		return fmt.Sprintf("room %s: servers %s and %s both lead it in epoch %v", w.Room, was.server, w.Server, w.Epoch)
	}
	return ""
}
