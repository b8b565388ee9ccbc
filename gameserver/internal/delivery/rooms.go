package delivery

import (
	"context"

	"github.com/ringside-go/ringside/internal/roomstats"
)

// Rooms sends the statistics of rooms to a router. What it cannot send is lost.
func (c *Client) Rooms(ctx context.Context, b *roomstats.Batch) error {
	return c.post(ctx, "/internal/v1/rooms", b, &struct{}{})
}
