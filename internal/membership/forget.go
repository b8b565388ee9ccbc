package membership

import "fmt"

// Forget makes this process stop counting a gone member as missing. It is an operator's word that the member will not
// return, or at least does not run now.
func (g *Gossip) Forget(name ServerName) error {
	old := g.View()
	if err := g.forget(name); err != nil {
		return err
	}
	g.changedFrom(old)
	return nil
}

func (r *roster) forget(name ServerName) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, present := r.view.Load().Find(name); present {
		return fmt.Errorf("membership: %s is a member now; only a missing one can be forgotten", name)
	}
	known := false
	for node, o := range r.others {
		if o.Name == name {
			known = true
			delete(r.others, node)
		}
	}
	if !known {
		return fmt.Errorf("membership: no member %q is missing", name)
	}
	r.refreshLocked(true)
	return nil
}
