package pages

import (
	"strings"
	"testing"

	"github.com/ringside-go/ringside/clients/web"
)

// The pages that are built in can be served.
func TestBuiltInPages(t *testing.T) {
	p, err := New(web.Files(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range p.files {
		// The policy lets nothing run or paint that is written into a page.
		if strings.HasPrefix(f.kind, "text/html") && (strings.Contains(string(f.plain), "<style") || strings.Contains(string(f.plain), " style=") || strings.Contains(string(f.plain), "<script>")) {
			t.Errorf("%s has style or script in it", name)
		}
	}
}
