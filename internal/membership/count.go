package membership

// Kind is a role and a state.
type Kind struct {
	Role  Role
	State State
}

// Counts gives how many members there are of each kind, of those without members too.
func (v *View) Counts() map[Kind]int {
	counts := map[Kind]int{{GameServer, Serving}: 0, {GameServer, Draining}: 0, {Router, Serving}: 0, {Router, Draining}: 0}
	for _, m := range v.Members {
		counts[Kind{m.Role, m.State}]++
	}
	return counts
}
