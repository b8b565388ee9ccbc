package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// child is a process that was started.
type child struct {
	process
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended and all its output is written
	err  error         // how it ended, valid when done is closed
}

// start starts p with its output on c; ended is told of the end and must have room for it. On Linux the child is killed
// when the thread that calls this ends, so the caller keeps its goroutine on one thread for as long as children live.
func (p process) start(c *console, number int, ended chan<- *child) (*child, error) {
	ch := &child{process: p, cmd: exec.Command(p.program, p.args...), done: make(chan struct{})}
	ch.cmd.Env = append(os.Environ(), p.env...)
	out := c.stream(p.name, number)
	ch.cmd.Stdout, ch.cmd.Stderr = out, out
	ch.cmd.SysProcAttr = attributes()
	ch.cmd.WaitDelay = time.Second // for output held open by the child's own children
	if err := ch.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		ch.err = ch.cmd.Wait()
		out.close()
		close(ch.done)
		ended <- ch
	}()
	return ch, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// verdict says how the child ended.
func (c *child) verdict() string {
	if c.err != nil {
		return c.err.Error()
	}
	return "status 0"
}

// stop asks children to end, kills those that have not after limit, and waits for all.
func stop(children []*child, limit time.Duration) {
	for _, c := range children {
		_ = c.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for _, c := range children {
		select {
		case <-c.done:
			continue
		case <-timer.C:
		}
		for _, c := range children {
			_ = c.cmd.Process.Kill()
		}
		break
	}
	for _, c := range children {
		<-c.done
	}
}
