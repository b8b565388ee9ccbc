package room

// schedule is a worker's rooms as a binary heap by due time. Used by the worker only.
type schedule []*Room

func (s schedule) less(i, j int) bool { return s[i].due < s[j].due }

func (s *schedule) push(r *Room) {
	*s = append(*s, r)
	h := *s
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h.less(i, parent) {
			break
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

// fixFirst restores the order after the first room's due time has moved on.
func (s schedule) fixFirst() {
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(s); c++ {
			if s.less(c, least) {
				least = c
			}
		}
		if least == i {
			return
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
}

// removeFirst takes the first room out.
func (s *schedule) removeFirst() {
	h := *s
	last := len(h) - 1
	h[0], h[last] = h[last], nil
	*s = h[:last]
	s.fixFirst()
}
