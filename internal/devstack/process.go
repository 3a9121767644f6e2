package devstack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// process is a running child and the goroutine that waits for it.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once the child is reaped
	err  error         // how it ended; read it after done
}

// startProcess starts cmd in a process group of its own, so that Ctrl-C in a
// terminal reaches only us, and has it get onDeath when we die (Linux).
func startProcess(cmd *exec.Cmd, acct *account, onDeath syscall.Signal) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: acct.credential()}
	setDeathSignal(cmd.SysProcAttr, onDeath)
	p := &process{cmd: cmd, done: make(chan struct{})}
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

// stop sends sig and waits until the child is gone; a child that does not obey
// within patience is killed, which is an error.
func (p *process) stop(sig os.Signal, patience time.Duration) error {
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
