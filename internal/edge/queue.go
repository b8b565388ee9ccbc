package edge

// queue is a list of places, the oldest first. Each place can be in two: that of its kind, and that of its kind and address.
type queue struct {
	which       int // index of Place.links
	first, last *Place
	n           int
}

type link struct{ before, after *Place }

func (q *queue) push(p *Place) {
	p.links[q.which] = link{before: q.last}
	if q.last != nil {
		q.last.links[q.which].after = p
	} else {
		q.first = p
	}
	q.last = p
	q.n++
}

func (q *queue) remove(p *Place) {
	l := &p.links[q.which]
	if l.before != nil {
		l.before.links[q.which].after = l.after
	} else {
		q.first = l.after
	}
	if l.after != nil {
		l.after.links[q.which].before = l.before
	} else {
		q.last = l.before
	}
	*l = link{}
	q.n--
}
