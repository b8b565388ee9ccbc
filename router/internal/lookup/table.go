package lookup

import (
	"sync/atomic"

	"github.com/ringside-go/ringside/internal/membership"
)

// Table keeps the Fleet of the newest view. Its methods may be called from any goroutine and do not block.
type Table struct {
	source  membership.Source
	current atomic.Pointer[Fleet]
}

// NewTable builds a Table over source.
func NewTable(source membership.Source) *Table { return &Table{source: source} }

// Fleet gives the Fleet of the view of this moment. It is prepared once per view, by the first caller who sees the view;
// callers who come at the same time may prepare it twice, which is harmless.
func (t *Table) Fleet() *Fleet {
	view := t.source.View()
	if f := t.current.Load(); f != nil && f.View == view {
		return f
	}
	f := NewFleet(view)
	t.current.Store(f)
	return f
}

// Changed gives a channel that is closed at the next change of the view.
func (t *Table) Changed() <-chan struct{} { return t.source.Changed() }
