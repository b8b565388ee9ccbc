package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Only a member that is missing can be forgotten, and a wrong name is told.
func TestForgetRefusesWhatIsNotMissing(t *testing.T) {
	n, err := New(config("a"), idles(nil))
	if err != nil {
		t.Fatal(err)
	}
	stop := launch(n)
	defer stop(nil)
	for query, want := range map[string]string{"": "?server=NAME", "?server=a": "a is present", "?server=b": "no missing member"} {
		w := httptest.NewRecorder()
		n.postForget(w, httptest.NewRequest(http.MethodPost, "/v1/server/forget"+query, nil))
		if w.Code < 400 || w.Code > 499 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("forget%s: %d %s", query, w.Code, w.Body)
		}
	}
}
