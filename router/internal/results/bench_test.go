package results

import (
	"context"
	"fmt"
	"testing"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

// Outcomes of eight players, with a board and one endpoint, durable a second. A batch of 1 is the time of one commit.
func BenchmarkPut(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		for _, size := range []int{1, 20, 200} {
			b.Run(fmt.Sprintf("%s/batch=%d", kind, size), func(b *testing.B) {
				c := DefaultConfig()
				c.Boards = []Board{{"elo", "arena", Elo, Monthly, false}}
				s := open(b, location(b, kind), c)
				if err := s.AddEndpoint(context.Background(), "hook", 0); err != nil {
					b.Fatal(err)
				}
				made := 0
				for b.Loop() {
					var entries []outcome.Entry
					for range size {
						made++
						o := decided(proto.Instance(made%100+1), uint32(made), 1)
						for seat := range uint8(6) {
							o.Results = append(o.Results, outcome.Result{Seat: 10 + seat, Player: fmt.Sprintf("player-%d", (made*6+int(seat))%5000), Alias: "Somebody", Place: 3 + seat})
						}
						entries = append(entries, entry(b, o, 1))
					}
					put(b, s, entries...)
				}
				b.ReportMetric(float64(made)/b.Elapsed().Seconds(), "outcomes/s")
			})
		}
	}
}
