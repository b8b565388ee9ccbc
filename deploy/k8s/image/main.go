// Image writes the image that the Dockerfile describes as a tar, an OCI image layout that docker load, podman load, ctr images import, kind
// load image-archive and skopeo (oci-archive:) take, where there is no container engine to build it. It reads the Dockerfile's last stage, so
// there is one description of the image; what an earlier stage would have made is read from a folder. The build context is the
// Dockerfile's folder.
//
//	go run ./deploy/k8s/image -stage build=DIR -t ringside:v1 -o ringside.tar
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	fs := flag.NewFlagSet("image", flag.ContinueOnError)
	file := fs.String("f", "Dockerfile", "`file` that describes the image")
	tag := fs.String("t", "", "`name:tag` of the image")
	out := fs.String("o", "", "`file` to write")
	arch := fs.String("arch", runtime.GOARCH, "`architecture` that the programs are built for")
	stages := map[string]string{}
	fs.Func("stage", "`NAME=DIR`: the files of an earlier stage; COPY --from=NAME reads below DIR", func(s string) error {
		name, dir, ok := strings.Cut(s, "=")
		if stages[name] = dir; !ok {
			return errors.New("write NAME=DIR")
		}
		return nil
	})
	if err := fs.Parse(args); err != nil {
		return err
	}
	if name, version, ok := strings.Cut(*tag, ":"); !ok || name == "" || version == "" {
		return fmt.Errorf("-t is %q; write name:tag", *tag)
	}
	if *out == "" {
		return errors.New("-o is missing; name the file to write")
	}
	text, err := os.ReadFile(*file)
	if err != nil {
		return err
	}
	s, err := parse(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", *file, err)
	}
	stages[""] = filepath.Dir(*file)
	layer, err := s.layer(stages)
	if err != nil {
		return err
	}
	archive, err := s.archive(*tag, *arch, layer)
	if err != nil {
		return err
	}
	return os.WriteFile(*out, archive, 0o644)
}
