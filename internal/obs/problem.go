package obs

import (
	"encoding/json"
	"net/http"
)

// Problem answers a request with an RFC 9457 problem document whose title is that of status. detail says what was wrong,
// with which value, and what to do. Headers that belong to the status, such as Retry-After, are set before.
func Problem(w http.ResponseWriter, status int, detail string) { FieldProblem(w, status, detail, "") }

// FieldProblem is Problem with the field of the request's body that was wrong, for programs; empty: none was.
func FieldProblem(w http.ResponseWriter, status int, detail, field string) {
	body, _ := json.Marshal(struct { // strings and a number: it cannot fail
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Field  string `json:"field,omitempty"`
	}{http.StatusText(status), status, detail, field})
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // an error is the client's, who is gone
}
