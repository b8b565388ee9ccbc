package openapi

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// The document is valid OpenAPI 3.1, every operation says who answers it, and everything that it defines is used.
func TestDocument(t *testing.T) {
	text := Document()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Error(err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Errorf("the document is of OpenAPI %s", doc.OpenAPI)
	}
	ids := map[string]bool{}
	all := append(Operations(Router), Operations(GameServer)...)
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			switch {
			case o.OperationID == "" || ids[o.OperationID]:
				t.Errorf("%s %s has no operationId of its own: %q", method, path, o.OperationID)
			case !slices.Contains(all, method+" "+path):
				t.Errorf("nobody answers %s %s", method, path)
			case o.Security == nil || o.Summary == "":
				t.Errorf("%s %s lacks a summary, or says not who may ask", method, path)
			}
			ids[o.OperationID] = true
			for _, name := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
				if o.Parameters.GetByInAndName("path", name[1]) == nil {
					t.Errorf("%s %s does not describe %s", method, path, name[0])
				}
			}
		}
	}
	for kind, names := range map[string][]string{"schemas": keys(doc.Components.Schemas), "parameters": keys(doc.Components.Parameters), "responses": keys(doc.Components.Responses)} {
		for _, name := range names {
			if !strings.Contains(string(text), `"#/components/`+kind+"/"+name+`"`) {
				t.Errorf("%s %s is not used", kind, name)
			}
		}
	}
}

func keys[M ~map[string]V, V any](m M) (list []string) {
	for k := range m {
		list = append(list, k)
	}
	return list
}
