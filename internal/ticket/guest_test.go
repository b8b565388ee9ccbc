package ticket

import (
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

func TestGuest(t *testing.T) {
	const secret = "K7QZ4NBX2WMD5HT3VJRCYPFGLA"
	id, err := Guest(secret)
	if err != nil || id != "guest-ogpsjptphpzeuzwkg3vkux3zc2" {
		t.Errorf("got %q, %v; guests keep their secrets, so the id of one never changes", id, err)
	}
	if _, err := proto.ParsePlayerID(string(id)); err != nil {
		t.Error(err)
	}
	if other, err := Guest(secret + "A"); err != nil || other == id {
		t.Errorf("another secret: %q, %v", other, err)
	}
	for secret, want := range map[string]string{
		"":                      "has 0 characters, 22 to 64 random ones are needed",
		strings.Repeat("a", 21): "has 21 characters",
		strings.Repeat("a", 65): "has 65 characters",
		string(id)[:21] + " ":   `has the character ' '`,
		strings.Repeat("é", 20): "has the character",
	} {
		if id, err := Guest(secret); err == nil || id != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("secret %q: %q, %v; want an error with %q", secret, id, err, want)
		}
	}
}
