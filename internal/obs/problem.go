package obs

import (
	"encoding/json"
	"net/http"
)

// Problem answers a request with an RFC 9457 problem document whose title is that of status. detail says what was wrong,
// with which value, and what to do. Headers that belong to the status, such as Retry-After, are set before.
func Problem(w http.ResponseWriter, status int, detail string) {
	body, _ := json.Marshal(struct { // strings and a number: it cannot fail
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{http.StatusText(status), status, detail})
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // an error is the client's, who is gone
}
