package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

// archive puts layer and configuration into the format of docker save.
func (s *stage) archive(tag, arch string, layer []byte) ([]byte, error) {
	type object = map[string]any
	description, err := json.Marshal(object{
		"created": epoch, "architecture": arch, "os": "linux", "config": s.config,
		"rootfs":  object{"type": "layers", "diff_ids": []string{"sha256:" + sum(layer)}},
		"history": []object{{"created": epoch, "created_by": "deploy/k8s/image"}},
	})
	if err != nil {
		return nil, err
	}
	names := struct{ config, layer string }{sum(description) + ".json", sum(layer) + "/layer.tar"}
	manifest, err := json.Marshal([]object{{"Config": names.config, "RepoTags": []string{tag}, "Layers": []string{names.layer}}})
	if err != nil {
		return nil, err
	}
	a := newArchiver()
	for _, f := range []struct {
		name    string
		content []byte
	}{{names.config, description}, {names.layer, layer}, {"manifest.json", manifest}} {
		a.put(tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: 0o644}, f.content)
	}
	return a.end()
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
