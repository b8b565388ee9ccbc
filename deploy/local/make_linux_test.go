package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal: what a person types goes into person, and a program's streams are screen.
func terminal(t *testing.T) (person, screen *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	return person, screen
}

// ^C ends make run as it should be ended: make does not call it an error.
func TestMakeRunEndsWithZero(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip(err)
	}
	person, screen := terminal(t)
	cmd := exec.Command("env", "-u", "MAKEFLAGS", "make", "-C", "../..", "run", fmt.Sprintf("RUN=-bin %s -servers 1 -bots 0 -free-ports -state=", standIns(t)))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = screen, screen, screen
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var out output
	go func() {
		for b := make([]byte, 4096); ; {
			n, err := person.Read(b)
			if _, _ = out.Write(b[:n]); err != nil {
				return
			}
		}
	}()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for limit := time.After(2 * time.Minute); !strings.Contains(out.String(), "fleet is up"); { // it builds first
		select {
		case err := <-done:
			t.Fatalf("make run ended: %v\n%s", err, &out)
		case <-limit:
			t.Fatalf("no fleet:\n%s", &out)
		case <-time.After(5 * time.Millisecond):
		}
	}
	if _, err := person.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	if err := wait(t, done, &out); err != nil || strings.Contains(out.String(), "***") {
		t.Errorf("make run ended by ^C: %v\n%s", err, &out)
	}
}
