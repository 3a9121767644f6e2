package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestListen(t *testing.T) {
	t.Parallel()
	all, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		defer func() { _ = l.Close() }()
	}
	if _, err := listen(t.Context(), all[0].Addr().String()); err == nil {
		t.Error("the same address twice")
	}
	if got, want := baseURL(all[0]), "http://"+all[0].Addr().String(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	all, err = listen(t.Context(), "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		defer func() { _ = l.Close() }()
	}
	if got := baseURL(all[0]); !strings.HasPrefix(got, "http://127.0.0.1:") {
		t.Error(got)
	}
}

// TestListenOnLocalPorts checks that the ports of the SDK's local mode are taken
// when they are free, and left alone when they are not.
func TestListenOnLocalPorts(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	taken, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	free, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	freeAddr := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	port := func(addr string) string { return addr[strings.LastIndex(addr, ":")+1:] }
	all, err := listen(t.Context(), "127.0.0.1:0", port(taken.Addr().String()), port(freeAddr))
	if err != nil {
		t.Fatal(err)
	}
	listens := map[string]bool{}
	for _, l := range all {
		listens[l.Addr().String()] = true
		_ = l.Close()
	}
	if !listens[freeAddr] || listens[taken.Addr().String()] {
		t.Errorf("listens on %v; free %s, taken %s", listens, freeAddr, taken.Addr())
	}
	if want := "3030 8800 8900"; strings.Join(localPorts, " ") != want {
		t.Errorf("local ports %v, want %s", localPorts, want)
	}
}

// TestDevEndsWithCtrlC checks that nothing runs on, and that the next start finds
// the database as it was.
func TestDevEndsWithCtrlC(t *testing.T) {
	t.Parallel()
	dir, out := devFolder(t), newOutput()
	p := startProcess(t, out, nil, "dev", "--addr", "127.0.0.1:0", "--data-dir", dir)
	g := readGreeting(t, out)
	if len(processesOf(t, dir)) == 0 {
		t.Error("no PostgreSQL runs in the folder")
	}
	status, body := do(t, http.MethodPost, g.url+"/channels/messaging/mine/query?api_key="+g.key, g.token, "{}")
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	made := created(t, dir)
	p.signal(syscall.SIGINT)
	if err := p.wait(); err != nil {
		t.Errorf("Ctrl-C: %v\n%s", err, out)
	}
	if left := processesOf(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	begin, out := time.Now(), newOutput()
	startProcess(t, out, nil, "dev", "--addr", "127.0.0.1:0", "--data-dir", dir)
	again := readGreeting(t, out)
	t.Logf("second start: %v", time.Since(begin))
	if status, body := get(t, again.url+"/channels/messaging/mine?api_key="+again.key, again.token); status != http.StatusOK {
		t.Errorf("the channel is gone: %d %s", status, body)
	}
	if !created(t, dir).Equal(made) {
		t.Error("the cluster was made anew")
	}
}

// created is when the cluster in a data folder was made.
func created(t *testing.T, dir string) time.Time {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "pg*", "PG_VERSION"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	fi, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return fi.ModTime()
}

// processesOf returns the processes whose command line or working directory has
// the folder in it, other than chatd itself.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	if runtime.GOOS != "linux" {
		return postmasters(dir) // PostgreSQL removes its file at the end
	}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range lines {
		line, _ := os.ReadFile(file)                                    // a process may have ended
		cwd, _ := os.Readlink(filepath.Join(filepath.Dir(file), "cwd")) // likewise
		text := strings.ReplaceAll(string(line), "\x00", " ")
		if (strings.Contains(text, dir) || strings.HasPrefix(cwd, dir)) && !strings.HasPrefix(text, os.Args[0]) {
			found = append(found, text)
		}
	}
	return found
}

func postmasters(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(dir, "pg*", "postmaster.pid")) // only a bad pattern is an error
	return files
}
