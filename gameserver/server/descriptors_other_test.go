//go:build !unix

package server

func limitDescriptors() {}
