package api

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	"github.com/ringside-go/ringside/internal/openapi"
)

// OpenAPI answers with the description of the API.
func OpenAPI() Handler {
	doc := openapi.Document()
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(doc))
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(doc))
		return nil
	}
}
