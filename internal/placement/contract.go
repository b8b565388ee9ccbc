package placement

// CONTRACT STUB: owned by the internal/ helper.

// Server is one candidate; Weight 0 counts as 1.
type Server struct {
	Name   string
	Weight int
}

// Set is an immutable set of serving game servers with their hashes computed once. The empty set has no home.
type Set struct{}

func New(servers []Server) *Set                                { panic("stub") }
func (s *Set) Len() int                                        { panic("stub") }
func (s *Set) Home(room string) (server string, ok bool)       { panic("stub") } // no allocation
func (s *Set) Order(dst []string, room string, n int) []string { panic("stub") } // home first; n<0: all
