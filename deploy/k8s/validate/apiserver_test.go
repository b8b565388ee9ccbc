package validate

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
)

// strategies is by what the API server admits a new object of each kind.
var strategies = map[string]rest.RESTCreateStrategy{
	"v1/Namespace":                           namespace.Strategy,
	"v1/ConfigMap":                           configmap.Strategy,
	"v1/Secret":                              secret.Strategy,
	"v1/ServiceAccount":                      serviceaccount.Strategy,
	"v1/Service":                             service.Strategy,
	"v1/Pod":                                 pod.Strategy,
	"apps/v1/Deployment":                     deployment.Strategy,
	"apps/v1/StatefulSet":                    statefulset.Strategy,
	"policy/v1/PodDisruptionBudget":          poddisruptionbudget.Strategy,
	"networking.k8s.io/v1/NetworkPolicy":     networkpolicy.Strategy,
	"autoscaling/v2/HorizontalPodAutoscaler": horizontalpodautoscaler.Strategy,
}

var codecs = serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)

// admit decodes an object as the API server does, unknown and doubled fields being errors, and has it completed and
// checked by its kind's strategy.
func admit(manifest []byte) error {
	obj, kind, err := codecs.UniversalDecoder().Decode(manifest, nil, nil)
	if err != nil {
		return err
	}
	strategy, known := strategies[strings.Join([]string{kind.GroupVersion().String(), kind.Kind}, "/")]
	if !known {
		return fmt.Errorf("kind %v is not in the table of this test: add it with its strategy", kind)
	}
	metadata, err := meta.Accessor(obj)
	if err != nil {
		return err
	}
	rest.FillObjectMetaSystemFields(metadata)
	info := &request.RequestInfo{IsResourceRequest: true, Verb: "create", APIGroup: kind.Group, APIVersion: kind.Version}
	info.Namespace = metadata.GetNamespace()
	ctx := request.WithNamespace(request.WithRequestInfo(context.Background(), info), info.Namespace)
	if s, ok := obj.(*core.Service); ok && s.Spec.ClusterIP != "" {
		s.Spec.ClusterIPs = []string{s.Spec.ClusterIP} // as its storage does before
	}
	if s, ok := obj.(*core.Service); ok && s.Spec.Type == core.ServiceTypeLoadBalancer && s.Spec.ExternalTrafficPolicy == core.ServiceExternalTrafficPolicyLocal {
		s.Spec.HealthCheckNodePort = 30999 // its storage picks one before
	}
	return rest.BeforeCreate(strategy, ctx, obj)
}
