package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// output collects what a command prints and can be waited on.
type output struct {
	mu    sync.Mutex
	text  strings.Builder
	wrote chan struct{} // closed and replaced at each write
}

func newOutput() *output { return &output{wrote: make(chan struct{})} }

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.wrote)
	o.wrote = make(chan struct{})
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// waitFor returns the first group of the first match of the pattern.
func (o *output) waitFor(t *testing.T, pattern string) string {
	t.Helper()
	re, late := regexp.MustCompile(pattern), time.After(time.Minute)
	for {
		o.mu.Lock()
		m, wrote := re.FindStringSubmatch(o.text.String()), o.wrote
		o.mu.Unlock()
		if m != nil {
			return m[len(m)-1]
		}
		select {
		case <-wrote:
		case <-late:
			t.Fatalf("no %s in:\n%s", pattern, o)
		}
	}
}

// process is a chatd in a process of its own, which can be killed.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	wait func() error
}

// startProcess starts this program as chatd with these variables and arguments. It
// is killed with the test.
func startProcess(t *testing.T, out *output, environ []string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), helperVariable+"=1"), environ...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd, wait: sync.OnceValue(cmd.Wait)}
	t.Cleanup(p.kill)
	return p
}

// kill ends the process as kill -9 does and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // an error means that it has ended
	_ = p.wait()             // it was killed
}

// signal sends a signal.
func (p *process) signal(sig syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
}

// startNode starts chatd serve and returns it with its base URL.
func startNode(t *testing.T, environ []string) (p *process, url string) {
	t.Helper()
	out := newOutput()
	environ = append([]string{"CHATD_ADDR=127.0.0.1:0", "CHATD_DATABASE_MAX_CONNS=4", "CHATD_STORAGE_URL=" + t.TempDir()}, environ...)
	p = startProcess(t, out, environ, "serve")
	return p, "http://" + out.waitFor(t, `"msg":"listening","addr":"([^"]+)"`)
}

// do makes a request with a token and returns the status, 0 when nobody answered,
// and the body.
func do(t *testing.T, method, u, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, u, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Stream-Auth-Type", "jwt")
	req.Header.Set("Authorization", token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, "" // it died while it answered
	}
	return resp.StatusCode, string(b)
}
