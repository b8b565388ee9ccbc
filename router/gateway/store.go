package gateway

import (
	"context"

	"github.com/ringside-go/ringside/router/internal/store"
)

// StoreConfig says where the results store is and what it keeps.
type StoreConfig = store.Config

// OpenStore opens a results store for Config.Results. An error says what is wrong with the settings; a database that cannot be
// reached is none. Gateway.Run must follow, or Close.
func OpenStore(ctx context.Context, c StoreConfig) (*store.Store, error) { return store.Open(ctx, c) }
