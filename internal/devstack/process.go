package devstack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// Process is a running child and the goroutine that waits for it.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once the child is reaped
	err  error         // how it ended; read it after done
}

// StartProcess starts cmd in a process group of its own, so that Ctrl-C in a
// terminal reaches only us, and has it get onDeath when we die (Linux). cmd must
// not have a SysProcAttr.
func StartProcess(cmd *exec.Cmd, onDeath syscall.Signal) (*Process, error) {
	return startAs(nil, cmd, onDeath)
}

func startAs(acct *account, cmd *exec.Cmd, onDeath syscall.Signal) (*Process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: acct.credential()}
	setDeathSignal(cmd.SysProcAttr, onDeath)
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The death signal comes when the thread ends that made the child, so
		// that thread stays with the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err tells how the child ended; nil while it runs and after a success.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// ended is the error that the child is gone although nobody stopped it.
func (p *Process) ended() error {
	if err := p.Err(); err != nil {
		return err
	}
	return errors.New("ended by itself")
}

// Stop sends sig and waits until the child is gone; a child that does not obey
// within patience is killed, which is an error.
func (p *Process) Stop(sig os.Signal, patience time.Duration) error {
	_ = p.cmd.Process.Signal(sig) // an error means that it is gone
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-p.done:
		return nil
	case <-late.C:
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s did not stop within %v and was killed", filepath.Base(p.cmd.Path), patience)
	}
}
