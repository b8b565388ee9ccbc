package validate

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

// httpRoutes is the schema of an HTTPRoute, as the Gateway API's release defines it.
func httpRoutes(t *testing.T) *apiextensions.JSONSchemaProps {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleOf(t, "sigs.k8s.io/gateway-api"), "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	for _, v := range crd.Spec.Versions {
		if v.Name == gatewayv1.GroupVersion.Version {
			var schema apiextensions.JSONSchemaProps
			if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, &schema, nil); err != nil {
				t.Fatal(err)
			}
			return &schema
		}
	}
	t.Fatalf("%s has no version %s", crd.Name, gatewayv1.GroupVersion.Version)
	return nil
}

// checkRoute holds an HTTPRoute against its schema as the API server does: unknown fields, defaults, types, rules.
func checkRoute(t *testing.T, schema *apiextensions.JSONSchemaProps, text []byte) (wrong []string) {
	t.Helper()
	var object map[string]any
	raw, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &object); err != nil { // whole numbers stay whole
		t.Fatal(err)
	}
	structural, err := structuralschema.NewStructural(schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pruning.PruneWithOptions(object, structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		wrong = append(wrong, "unknown field "+path)
	}
	defaulting.Default(object, structural)
	validator, _, err := validation.NewSchemaValidator(schema)
	if err != nil {
		t.Fatal(err)
	}
	all := validation.ValidateCustomResource(nil, object, validator)
	rules, _ := cel.NewValidator(structural, true, celconfig.PerCallLimit).Validate(context.Background(), nil, structural, object, nil, celconfig.RuntimeCELCostBudget)
	for _, e := range append(field.ErrorList(all), rules...) {
		wrong = append(wrong, e.Error())
	}
	return wrong
}

// The example of a Gateway's route is one, and leads to the routers' Service.
func TestGatewayExample(t *testing.T) {
	text, err := os.ReadFile("../../proxies/gateway.yaml")
	if err != nil {
		t.Fatal(err)
	}
	schema := httpRoutes(t)
	if wrong := checkRoute(t, schema, text); wrong != nil {
		t.Errorf("it is not an HTTPRoute: %q", wrong)
	}
	for old, bad := range map[string][2]string{
		"timeouts: {request: 0s}":     {"timeouts: {request: never}", "request"},
		"type: PathPrefix, value: /}": {"type: PathPrefix, value: game}", "value must be an absolute path"},
		"backendRefs:":                {"backends:", "unknown field spec.rules[0].backends"},
	} {
		wrong := checkRoute(t, schema, []byte(strings.Replace(string(text), old, bad[0], 1)))
		if !strings.Contains(strings.Join(wrong, "\n"), bad[1]) {
			t.Errorf("with %q: %q; want an error about %q", bad[0], wrong, bad[1])
		}
	}
	var route gatewayv1.HTTPRoute
	if err := yaml.UnmarshalStrict(text, &route); err != nil {
		t.Fatal(err)
	}
	ports := map[string][]int32{}
	for _, r := range build(t, filepath.Join(root, "base")).Resources() {
		if r.GetKind() != "Service" {
			continue
		}
		manifest, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		var service struct {
			Spec struct{ Ports []struct{ Port int32 } }
		}
		if err := yaml.Unmarshal(manifest, &service); err != nil {
			t.Fatal(err)
		}
		for _, p := range service.Spec.Ports {
			ports[r.GetName()] = append(ports[r.GetName()], p.Port)
		}
	}
	for _, rule := range route.Spec.Rules {
		for _, b := range rule.BackendRefs {
			if !reflect.DeepEqual(ports[string(b.Name)], []int32{*b.Port}) {
				t.Errorf("it leads to port %d of Service %s; the base has %v", *b.Port, b.Name, ports)
			}
		}
	}
}

// moduleOf is the folder of a module that this one requires.
func moduleOf(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
