package fleet

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/ringside-go/ringside/internal/flags"
)

// Child is a process that was started.
type Child struct {
	Process
	Done chan struct{} // closed when it has ended and all its output is written
	Err  error         // how it ended, valid when Done is closed
	cmd  *exec.Cmd
}

// Start starts p with its output on c; ended is told of the end and must have room for it. On Linux the child is killed
// when the thread that calls this ends, so the caller keeps its goroutine on one thread for as long as children live.
func (p Process) Start(c *Console, number int, ended chan<- *Child) (*Child, error) {
	ch := &Child{Process: p, cmd: exec.Command(p.Program, p.Args...), Done: make(chan struct{})}
	ch.cmd.Env = append(flags.Without(os.Environ()), p.Env...)
	out := c.Stream(p.Name, number)
	ch.cmd.Stdout, ch.cmd.Stderr = out, out
	ch.cmd.SysProcAttr = Attributes()
	ch.cmd.WaitDelay = time.Second // for output held open by the child's own children
	if err := ch.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	go func() {
		ch.Err = ch.cmd.Wait()
		out.Close()
		close(ch.Done)
		ended <- ch
	}()
	return ch, nil
}

// PID is the operating system's number of the process.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Signal sends a signal. An error means that the process has ended.
func (c *Child) Signal(s os.Signal) error { return c.cmd.Process.Signal(s) }

// Kill ends the process at once, and returns when it is gone.
func (c *Child) Kill() {
	_ = c.cmd.Process.Kill() // an error means that it has ended
	<-c.Done
}

// Verdict says how the child ended.
func (c *Child) Verdict() string {
	if c.Err != nil {
		return c.Err.Error()
	}
	return "status 0"
}

// Stop asks children to end, kills those that have not after limit, and waits for all.
func Stop(children []*Child, limit time.Duration) {
	for _, c := range children {
		_ = c.Signal(syscall.SIGTERM) // an error means that it has ended
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for _, c := range children {
		select {
		case <-c.Done:
			continue
		case <-timer.C:
		}
		for _, c := range children {
			_ = c.cmd.Process.Kill()
		}
		break
	}
	for _, c := range children {
		<-c.Done
	}
}
