package dev

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long no file may change before a build begins: an editor writes several files at one save, or one in parts.
const settle = 150 * time.Millisecond

// watcher reports changes of the files below a folder.
type watcher struct {
	root    string
	fs      *fsnotify.Watcher
	outputs []os.FileInfo // of this program
}

// newWatcher watches root and the folders in it, new ones too.
func newWatcher(root string, outputs ...*os.File) (*watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", root, err)
	}
	w := &watcher{root: root, fs: notify}
	for _, f := range outputs {
		if info, err := f.Stat(); err == nil {
			w.outputs = append(w.outputs, info)
		}
	}
	if err := w.add(root); err != nil {
		notify.Close()
		return nil, fmt.Errorf("watch %s: %w", root, err)
	}
	return w, nil
}

// add watches dir and the folders in it.
func (w *watcher) add(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // it is gone already
		case !entry.IsDir():
			return nil
		case !w.relevant(path):
			return filepath.SkipDir
		}
		return w.fs.Add(path)
	})
}

// relevant reports whether a change of path may change the program. Pages are not part of it: the router reads them itself. Nor is the file
// that this program writes its output to: each build would be the cause of the next one.
func (w *watcher) relevant(path string) bool {
	if info, err := os.Stat(path); err == nil && slices.ContainsFunc(w.outputs, func(o os.FileInfo) bool { return os.SameFile(info, o) }) {
		return false
	}
	rel, err := filepath.Rel(w.root, path)
	if err != nil {
		return false
	}
	if rel == "." {
		return true
	}
	parts := strings.Split(rel, string(filepath.Separator))
	for _, part := range parts {
		if strings.HasPrefix(part, ".") || part == "node_modules" || strings.HasSuffix(part, "~") {
			return false
		}
	}
	return parts[0] != pageFolder && !strings.HasSuffix(rel, "_test.go")
}

// run sends to changed, which has room for one, until ctx ends.
func (w *watcher) run(ctx context.Context, changed chan<- struct{}) error {
	defer w.fs.Close()
	return debounce(ctx, w.events(ctx), changed)
}

// events passes on that something relevant changed.
func (w *watcher) events(ctx context.Context) <-chan struct{} {
	out := make(chan struct{})
	go func() { // ends with ctx, or with the watcher
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case <-w.fs.Errors: // an overflow: something changed
			case e, ok := <-w.fs.Events:
				if !ok {
					return
				}
				if e.Op == fsnotify.Chmod || !w.relevant(e.Name) {
					continue
				}
				if e.Op.Has(fsnotify.Create) {
					_ = w.add(e.Name) // it is gone already, and so are its files
				}
			}
			select {
			case out <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// debounce sends to changed when nothing has come for settle. A change during a build waits in changed.
func debounce(ctx context.Context, events <-chan struct{}, changed chan<- struct{}) error {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case _, ok := <-events:
			if !ok {
				return fmt.Errorf("the folder is no longer watched")
			}
			timer.Reset(settle)
		case <-timer.C:
			select {
			case changed <- struct{}{}:
			default: // one that is not taken yet stands for both
			}
		}
	}
}
