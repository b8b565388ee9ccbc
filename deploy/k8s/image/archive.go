package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// epoch is the time of all files: the same programs give the same image, to the byte.
var epoch = time.Unix(0, 0).UTC()

// archiver writes a tar; its first error is kept.
type archiver struct {
	buffer bytes.Buffer
	tar    *tar.Writer
	known  map[string]bool // folders
	err    error
}

func newArchiver() *archiver {
	a := &archiver{known: map[string]bool{".": true}}
	a.tar = tar.NewWriter(&a.buffer)
	return a
}

func (a *archiver) put(h tar.Header, content []byte) {
	h.Size, h.ModTime, h.Format = int64(len(content)), epoch, tar.FormatPAX
	if a.err == nil {
		a.err = a.tar.WriteHeader(&h)
	}
	if a.err == nil {
		_, a.err = a.tar.Write(content)
	}
}

// folder puts dir and those above it, once each.
func (a *archiver) folder(dir string) {
	if a.known[dir] {
		return
	}
	a.known[dir] = true
	a.folder(path.Dir(dir))
	a.put(tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755}, nil)
}

func (a *archiver) end() ([]byte, error) {
	if a.err == nil {
		a.err = a.tar.Close()
	}
	return a.buffer.Bytes(), a.err
}

// layer copies the files of the stages, and of the build context, which is stage "", into the image's one layer.
func (s *stage) layer(stages map[string]string) ([]byte, error) {
	a := newArchiver()
	for _, c := range s.copies {
		root, ok := stages[c.from]
		if !ok {
			return nil, fmt.Errorf("the image takes files of stage %s; say with -stage %s=DIR where they are", c.from, c.from)
		}
		for _, source := range c.sources {
			if err := a.copy(filepath.Join(root, source), strings.Trim(c.dir, "/")); err != nil {
				return nil, err
			}
		}
	}
	return a.end()
}

// copy puts a file, or all that is in a folder, into dir.
func (a *archiver) copy(source, dir string) error {
	return filepath.WalkDir(source, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name := path.Base(filepath.ToSlash(source)) // of a file
		if file != source {
			if name, err = filepath.Rel(source, file); err != nil {
				return err
			}
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		to := path.Join(dir, filepath.ToSlash(name))
		a.folder(path.Dir(to))
		a.put(tar.Header{Typeflag: tar.TypeReg, Name: to, Mode: int64(info.Mode().Perm())}, content)
		return nil
	})
}

type object = map[string]any

// blob is a file of an image, which is called by its sum.
type blob struct {
	kind    string // media type of the OCI image specification
	content []byte
}

func (b blob) name() string { return "blobs/sha256/" + sum(b.content) }

// descriptor is how other files mention it.
func (b blob) descriptor() object {
	return object{"mediaType": b.kind, "digest": "sha256:" + sum(b.content), "size": len(b.content)}
}

// marshalBlob makes a blob of v.
func marshalBlob(kind string, v any) (blob, error) {
	content, err := json.Marshal(v)
	return blob{kind, content}, err
}

// archive puts layer and configuration into an OCI image layout, with the manifest.json of docker save, which older engines read.
func (s *stage) archive(tag, arch string, layer []byte) ([]byte, error) {
	packed, err := pack(layer)
	if err != nil {
		return nil, err
	}
	const kind = "application/vnd.oci.image."
	data := blob{kind + "layer.v1.tar+gzip", packed}
	config, err := marshalBlob(kind+"config.v1+json", object{
		"created": epoch, "architecture": arch, "os": "linux", "config": s.config,
		"rootfs":  object{"type": "layers", "diff_ids": []string{"sha256:" + sum(layer)}},
		"history": []object{{"created": epoch, "created_by": "deploy/k8s/image"}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := marshalBlob(kind+"manifest.v1+json", object{
		"schemaVersion": 2, "mediaType": kind + "manifest.v1+json", "config": config.descriptor(), "layers": []object{data.descriptor()},
	})
	if err != nil {
		return nil, err
	}
	named := manifest.descriptor()
	_, version, _ := strings.Cut(tag, ":")
	named["platform"] = object{"os": "linux", "architecture": arch}
	named["annotations"] = object{"org.opencontainers.image.ref.name": version, "io.containerd.image.name": "docker.io/library/" + tag}
	a := newArchiver()
	for _, b := range []blob{data, config, manifest} {
		a.put(tar.Header{Typeflag: tar.TypeReg, Name: b.name(), Mode: 0o644}, b.content)
	}
	for _, f := range []struct {
		name string
		v    any
	}{
		{"index.json", object{"schemaVersion": 2, "mediaType": kind + "index.v1+json", "manifests": []object{named}}},
		{"oci-layout", object{"imageLayoutVersion": "1.0.0"}},
		{"manifest.json", []object{{"Config": config.name(), "RepoTags": []string{tag}, "Layers": []string{data.name()}}}},
	} {
		content, err := json.Marshal(f.v)
		if err != nil {
			return nil, err
		}
		a.put(tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: 0o644}, content)
	}
	return a.end()
}

// pack compresses b.
func pack(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
