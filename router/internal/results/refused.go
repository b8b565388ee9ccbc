package results

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

type conflictRow struct {
	key
	Hash    int64  `json:"hash"`
	Verdict string `json:"verdict"`
	Counter uint32 `json:"counter"`
	Server  string `json:"server"`
	At      int64  `json:"at"`
	Body    string `json:"body"`
}

// unreadable is an entry that cannot be stored, to be kept apart under the id that it claims, if it has one.
func (w *writer) unreadable(e outcome.Entry) conflictRow {
	var claims struct {
		Instance proto.Instance
		Match    uint32
	}
	_ = json.Unmarshal(e.Body, &claims) // what cannot be read stays 0
	row := conflictRow{key{int64(claims.Instance), int64(claims.Match)}, hash(e.Body), string(outcome.Invalid), e.Epoch.Counter,
		strings.ReplaceAll(e.Epoch.Server, "\x00", ""), w.at, string(e.Body)}
	row.Server = row.Server[:min(len(row.Server), proto.MaxServerName)]
	if len(row.Body) > outcome.MaxBody {
		row.Body = fmt.Sprintf("\"%d bytes\"", len(row.Body))
	}
	return row
}

// refuse keeps bodies that do not count. A body that was refused before is there already.
func (w *writer) refuse(ctx context.Context, refused []conflictRow) error {
	if len(refused) == 0 {
		return nil
	}
	rows, err := w.tx.QueryContext(ctx, w.store.q.conflicts, array(refused))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c conflictRow
		if err := rows.Scan(&c.Instance, &c.Match, &c.Verdict); err != nil {
			return err
		}
		w.refused = append(w.refused, c)
	}
	return rows.Err()
}
