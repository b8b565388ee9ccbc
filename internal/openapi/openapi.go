// Package openapi holds the description of the whole HTTP API: that of the routers, and the calls of operators that game servers answer.
//
// The folder document has it in parts, one a tag, which are merged: each part has paths and the schemas that they introduce, and
// document/api.json has what all share. An operation's x-served-by names the processes that answer it. Tests hold the description
// against the routes of both programs, and against the answers of a running fleet.
package openapi

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed document
var files embed.FS

// The processes that answer operations.
const (
	Router     = "router"
	GameServer = "game server"
)

type part struct {
	Paths   map[string]map[string]json.RawMessage `json:"paths"`
	Schemas map[string]json.RawMessage            `json:"schemas"`
}

// Document gives the OpenAPI 3.1 document in JSON. It panics if the embedded parts are broken, which a test rules out.
func Document() []byte {
	var doc map[string]any
	must(json.Unmarshal(read("api.json"), &doc))
	all := merged()
	schemas := doc["components"].(map[string]any)["schemas"].(map[string]any)
	for name, s := range all.Schemas {
		if _, twice := schemas[name]; twice {
			panic("openapi: schema " + name + " is there twice")
		}
		schemas[name] = s
	}
	doc["paths"] = all.Paths
	b, err := json.Marshal(doc)
	must(err)
	return b
}

// Operations gives the operations that a process answers, such as "GET /v1/fleet", in order.
func Operations(process string) (list []string) {
	for path, methods := range merged().Paths {
		for method, operation := range methods {
			var o struct {
				By []string `json:"x-served-by"`
			}
			must(json.Unmarshal(operation, &o))
			if slices.Contains(o.By, process) {
				list = append(list, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(list)
	return list
}

// merged gives all parts but api.json as one.
func merged() part {
	all := part{map[string]map[string]json.RawMessage{}, map[string]json.RawMessage{}}
	entries, err := files.ReadDir("document")
	must(err)
	for _, e := range entries {
		if e.Name() == "api.json" {
			continue
		}
		var p part
		if err := json.Unmarshal(read(e.Name()), &p); err != nil {
			panic(fmt.Sprintf("openapi: document/%s: %v", e.Name(), err))
		}
		n := len(all.Paths) + len(all.Schemas) + len(p.Paths) + len(p.Schemas)
		maps.Copy(all.Paths, p.Paths)
		maps.Copy(all.Schemas, p.Schemas)
		if len(all.Paths)+len(all.Schemas) != n {
			panic("openapi: document/" + e.Name() + " has a path or a schema that another part has")
		}
	}
	return all
}

func read(name string) []byte {
	b, err := files.ReadFile("document/" + name)
	must(err)
	return b
}

func must(err error) {
	if err != nil {
		panic("openapi: " + err.Error())
	}
}
