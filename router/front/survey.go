package front

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/lookup"
)

const (
	// surveyTimeout bounds the wait for one server: they answer from memory, so one that needs longer is as good as gone.
	surveyTimeout = 500 * time.Millisecond
	// surveyWidth is how many servers are asked at once.
	surveyWidth = 64
	// maxReport bounds one server's report in bytes; a room takes about 250.
	maxReport = 8 << 20
)

// survey asks the game servers what rooms they have: only when somebody wants to know, and once for all who want to
// know at the same time. It holds no goroutine between requests.
type survey struct {
	table  *lookup.Table
	client *http.Client

	mu        sync.Mutex // held while servers are asked, at most surveyTimeout for each surveyWidth of them
	last      *snapshot
	histories map[membership.ServerName]history // of the servers in last
}

// maxHistory is how many of a server's events are remembered, the newest ones: as many as it remembers itself.
const maxHistory = 256

// history is what is known of the events of one process of a server.
type history struct {
	boot   string
	events []eventReport // oldest first; never changed, for snapshots share it
}

// last is the serial of the newest event, 0 without any.
func (h history) last() uint64 {
	if len(h.events) == 0 {
		return 0
	}
	return h.events[len(h.events)-1].Serial
}

// with adds events that come after those that are there; others, which a server gives that does not know what it was
// asked, are left out.
func (h history) with(events []eventReport) history {
	fresh := slices.DeleteFunc(events, func(e eventReport) bool { return e.Serial <= h.last() })
	if len(fresh) > 0 {
		all := slices.Concat(h.events, fresh)
		h.events = all[max(0, len(all)-maxHistory):]
	}
	return h
}

// snapshot is what the servers said, immutable.
type snapshot struct {
	fleet   *lookup.Fleet
	at      time.Time
	answers []answer // one for each game server of the view, draining ones too, in the view's order
}

type answer struct {
	member       membership.Member
	serverReport       // Events are all that is known, also of a server that could not be asked
	err          error // the server could not be asked
}

// serverReport is what the router reads of GET /v1/server.
type serverReport struct {
	Rooms  []roomReport `json:"rooms"`
	Copies []struct{}   `json:"copies"` // rooms that it stands by for
	Frozen bool         `json:"frozen"`
	Load   loadDoc      `json:"load"`
	Ticks  struct {
		P99  float64 `json:"p99_ms"`
		Late uint64  `json:"late"`
	} `json:"ticks"`
	Sees   *viewReport       `json:"sees"` // nil: the server is of a version that does not say
	Moves  map[string]uint64 `json:"moves"`
	Events []eventReport     `json:"events"`
}

// viewReport is the fleet as one process sees it.
type viewReport struct {
	Quorum  bool                                        `json:"quorum"`
	Members map[membership.ServerName]membership.State  `json:"members"`
	Gone    map[membership.ServerName]membership.Reason `json:"gone"` // within the last minutes
}

// eventReport is something that happened to a room or a member, as the process that noted it says.
type eventReport struct {
	Serial uint64                `json:"serial"` // counts the process's events
	Time   time.Time             `json:"time"`
	Kind   string                `json:"kind"` // of rooms: move, failover, depose, lost, failed; of the server: freeze, thaw; of a member: eventJoin and so on
	Room   proto.RoomID          `json:"room,omitempty"`
	Member membership.ServerName `json:"member,omitempty"`
	From   string                `json:"from,omitempty"`
	To     string                `json:"to,omitempty"`
	Why    string                `json:"why,omitempty"`
	Epoch  string                `json:"epoch,omitempty"`
	Took   float64               `json:"took_ms,omitempty"`
}

// roomReport is one room as its leader describes it in GET /v1/server.
type roomReport struct {
	Room       proto.RoomID   `json:"room"`
	Game       proto.GameName `json:"game"`
	Role       string         `json:"role"`  // leading, moving or frozen
	Epoch      string         `json:"epoch"` // counter@server
	Standbys   []string       `json:"standbys"`
	Tick       proto.Tick     `json:"tick"`
	TickRate   int            `json:"tick_rate"`
	Seats      int            `json:"seats"`
	Players    int            `json:"players"`
	Connected  int            `json:"connected"`
	Spectators int            `json:"spectators"`
	Late       uint64         `json:"late"`
	Match      uint32         `json:"match"`
	Age        float64        `json:"age_s"`
}

func newSurvey(table *lookup.Table) *survey {
	return &survey{table: table, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second},
		// A member's address is known from gossip; where it might send us on to is not.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// get gives a snapshot that is at most maxAge old. It blocks while servers are asked.
func (s *survey) get(maxAge time.Duration) *snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil || time.Since(s.last.at) > maxAge {
		s.last = s.ask()
	}
	return s.last
}

// ask asks all servers, for their events since the last time. Called with mu held.
func (s *survey) ask() *snapshot {
	shot := &snapshot{fleet: s.table.Fleet(), at: time.Now()}
	for _, m := range shot.fleet.View.Members {
		if m.Role == membership.GameServer {
			shot.answers = append(shot.answers, answer{member: m})
		}
	}
	var group errgroup.Group
	group.SetLimit(surveyWidth)
	for i := range shot.answers {
		a := &shot.answers[i]
		h := s.histories[a.member.Name]
		if h.boot != a.member.Boot {
			h = history{boot: a.member.Boot}
		}
		group.Go(func() error {
			a.serverReport, a.err = s.askOne(a.member, h.last())
			a.Events = h.with(a.Events).events
			return nil
		})
	}
	_ = group.Wait()
	s.histories = make(map[membership.ServerName]history, len(shot.answers))
	for _, a := range shot.answers {
		s.histories[a.member.Name] = history{a.member.Boot, a.Events}
	}
	return shot
}

func (s *survey) askOne(m membership.Member, after uint64) (report serverReport, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), surveyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/v1/server?after=%d", m.Inside(), after), nil)
	if err != nil {
		return report, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return report, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return report, fmt.Errorf("%s answered %s", req.URL, resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxReport)).Decode(&report); err != nil {
		return serverReport{}, fmt.Errorf("%s: %w", req.URL, err)
	}
	return report, nil
}

// close gives idle connections back.
func (s *survey) close() { s.client.CloseIdleConnections() }
