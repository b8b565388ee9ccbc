//go:build !linux

package main

func inNamespace(string, func()) error { return errNoNamespaces }

func lockNamespaces() (func(), error) { return nil, errNoNamespaces }
