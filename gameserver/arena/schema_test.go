package arena

import (
	"fmt"
	"os"
	"testing"
)

// TestSchemaFile: testdata/schema.json tells pages that are built for the arena, and predict and draw by its rules, which
// arena that is. A server with another schema refuses them, and they tell the player to load the page again. Write it anew
// with -update when the tables have changed, and build the pages.
func TestSchemaFile(t *testing.T) {
	const file = "testdata/schema.json"
	want := fmt.Sprintf("{\"fingerprint\": \"%d\"}\n", newHall(t, "{}", 1).sim.Store().Schema().Fingerprint())
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; the schema's is %q: run go test ./gameserver/arena -update, then make web", file, got, err, want)
	}
}
