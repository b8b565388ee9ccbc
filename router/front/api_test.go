package front

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// checkProblem checks that resp is a problem document with status whose detail says text.
func checkProblem(t *testing.T, resp *http.Response, status int, text string) {
	t.Helper()
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	var p problem
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%s with body %q: %v", resp.Status, body, err)
	}
	if resp.StatusCode != status || p.Status != status || p.Title != http.StatusText(status) || !strings.Contains(p.Detail, text) ||
		resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %s %s %q; want %d with %q", resp.Status, resp.Header.Get("Content-Type"), body, status, text)
	}
}
