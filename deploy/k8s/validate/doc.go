// Package validate has no code: its tests hold the manifests beside this folder against Kubernetes, with the very code by
// which its API server decodes, completes and checks what it is sent, and against what the programs really have: their
// flags, ports and metrics. It is a module of its own, so that nothing of that is in Ringside's.
package validate
