package dev

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// One build follows when files have settled, and a change during a build waits for the next.
func TestDebounce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		events, changed, done := make(chan struct{}), make(chan struct{}, 1), make(chan error, 1)
		go func() { done <- debounce(ctx, events, changed) }()
		begun := time.Now()
		for range 10 { // a save in ten parts
			events <- struct{}{}
			time.Sleep(settle / 3)
		}
		<-changed
		if took, want := time.Since(begun), 9*(settle/3)+settle; took != want {
			t.Errorf("a build begins after %v, want %v", took, want)
		}
		for range 2 { // two saves while nobody takes from changed
			events <- struct{}{}
			time.Sleep(2 * settle)
		}
		<-changed
		synctest.Wait()
		select {
		case <-changed:
			t.Error("two saves before a build are two builds")
		default:
		}
		cancel()
		if err := <-done; err != context.Canceled {
			t.Error(err)
		}
	})
}

func TestWatcherTellsWhatIsRelevant(t *testing.T) {
	root := t.TempDir()
	write := func(name string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("page/index.html")
	write(".bin/build-1")
	write("dev.log")
	log, err := os.OpenFile(filepath.Join(root, "dev.log"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	w, err := newWatcher(root, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	events, closed := w.events(ctx), make(chan struct{})
	defer func() { cancel(); <-closed; w.fs.Close() }()
	defer func() {
		go func() {
			defer close(closed)
			for range events {
			}
		}()
	}()
	for _, name := range []string{"page/index.html", "page/assets/game.js", ".bin/build-2", ".git/HEAD", "game_test.go", "game.go~", "node_modules/x/y.go", "dev.log"} {
		if w.relevant(filepath.Join(root, name)) {
			t.Errorf("a change of %s builds the game", name)
		}
		write(name)
	}
	for _, name := range []string{"game.go", "rules/new/rules.go"} {
		write(name)
		select {
		case <-events:
		case <-time.After(time.Minute):
			t.Fatalf("nothing is told of %s", name)
		}
	}
}
