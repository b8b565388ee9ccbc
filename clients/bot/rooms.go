package main

import (
	"fmt"
	"sync"

	"github.com/ringside-go/ringside/proto"
)

// life is one life of a room.
type life struct {
	room     proto.RoomID
	instance proto.Instance
}

// rooms compares what the players of a room were told, each life of it by itself. Players who are told of different servers
// in one epoch have found a room that is led twice, and those who are told of different ends of a match a room that has
// decided it twice. Epochs may differ between players while a room moves, or is cut in two.
type rooms struct {
	mu     sync.Mutex
	seen   map[life]*roomSeen
	newest map[proto.RoomID]proto.Instance // that a player entered last
}

type roomSeen struct {
	epoch    proto.Epoch            // newest
	servers  map[proto.Epoch]string // that led
	outcomes map[uint32]proto.Alias // who was first to hear of a match, and
	ends     map[uint32]string      // how it ended: the record
}

// room is called with mu held.
func (r *rooms) room(id life) *roomSeen {
	if r.seen == nil {
		r.seen, r.newest = make(map[life]*roomSeen), make(map[proto.RoomID]proto.Instance)
	}
	s := r.seen[id]
	if s == nil {
		s = &roomSeen{servers: make(map[proto.Epoch]string), outcomes: make(map[uint32]proto.Alias), ends: make(map[uint32]string)}
		r.seen[id] = s
	}
	return s
}

// observe takes a welcome and returns what is wrong with it, or "".
func (r *rooms) observe(w proto.Welcome) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.room(life{w.Room, w.Epoch.Instance})
	r.newest[w.Room] = w.Epoch.Instance
	if server, known := s.servers[w.Epoch]; known && server != w.Server {
		return fmt.Sprintf("room %s: servers %s and %s both lead it in epoch %v", w.Room, server, w.Server, w.Epoch)
	}
	s.servers[w.Epoch] = w.Server
	if s.epoch.Less(w.Epoch) {
		s.epoch = w.Epoch
	}
	return ""
}

// hear takes an outcome that the player of w was told and returns what is wrong with it, or "".
func (r *rooms) hear(w proto.Welcome, o proto.Outcome) string {
	end := string(o.Append(nil))
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.room(life{w.Room, w.Epoch.Instance})
	first, known := s.outcomes[o.Match]
	if !known {
		s.outcomes[o.Match], s.ends[o.Match] = w.Alias, end
		return ""
	}
	if s.ends[o.Match] != end {
		return fmt.Sprintf("room %s, instance %v: match %d ended otherwise for %s, who heard of it first", w.Room, w.Epoch.Instance, o.Match, first)
	}
	return ""
}

// leaders counts the rooms by the server that led each in its newest epoch.
func (r *rooms) leaders() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := make(map[string]int)
	for id, instance := range r.newest {
		s := r.seen[life{id, instance}]
		count[s.servers[s.epoch]]++
	}
	return count
}
