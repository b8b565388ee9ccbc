package membership

import (
	"fmt"
	"time"
)

// memory is how long a part with the quorum counts a missing member before it forgets it, and how long a proven end stays
// in the view. Longer, and machines that were given up would weaken what is left of a small fleet for longer; much shorter,
// and a restart of a machine would be enough.
const memory = 5 * time.Minute

// Forget makes all members of this part stop counting a missing member. It is an operator's word that the member does not
// run any more, or never will with clients: if it still runs, it loses its place in the quorum when it hears of this.
func (g *Gossip) Forget(name ServerName) error {
	if err := g.forget(name); err != nil {
		return err
	}
	g.logger.Warn("member forgotten by an operator", "member", name)
	g.tellChanges()
	return nil
}

func (r *roster) forget(name ServerName) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.view.Load()
	if _, present := v.Find(name); present {
		return fmt.Errorf("membership: %s is present; only a missing member can be forgotten", name)
	}
	if _, gone := v.FindGone(name); !gone {
		return fmt.Errorf("membership: no missing member has the name %q", name)
	}
	r.forgetLocked(name)
	r.refreshLocked(true)
	return nil
}

// forgetLocked deletes the members of that name that are gone, and has all others do so. Called with mu held.
func (r *roster) forgetLocked(name ServerName) {
	for node, o := range r.others {
		if o.Name == name && o.reason != "" {
			if o.missing() {
				r.forgotten[name] = o.Boot
			}
			delete(r.others, node)
		}
	}
	signal(r.spread)
}

// hearForgotten notes that another member has forgotten one. If that is this process, which does not have the quorum, it
// must join a part that has it: the others do not count it. Called with mu held.
func (r *roster) hearForgotten(name ServerName, boot string) {
	if name == r.self.Name && boot == r.self.Boot {
		if !r.view.Load().Quorum && r.admitted {
			r.admitted, r.probation = false, time.Now()
		}
		return
	}
	for node, o := range r.others {
		if o.Name != name || o.Boot != boot {
			continue
		}
		if !o.missing() {
			return
		}
		delete(r.others, node)
	}
	r.forgotten[name] = boot
}

// count notes for how long missing members have been counted by a part with the quorum. Called with mu held.
func (r *roster) count(now time.Time, quorum bool) {
	for node, o := range r.others {
		switch {
		case !o.missing():
			continue
		case !quorum:
			o.counted = time.Time{}
		case o.counted.IsZero():
			o.counted = now
		default:
			continue
		}
		r.others[node] = o
	}
}
