package clouds_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob"

	"chatd/internal/devstack"
	"chatd/internal/storage/storagetest"
)

func TestAzureBlobStorage(t *testing.T) {
	const account = "chatd"
	key := base64.StdEncoding.EncodeToString([]byte("a key of this test"))
	u, err := url.Parse(azurite(t, account+":"+key))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AZURE_STORAGE_ACCOUNT", account)
	t.Setenv("AZURE_STORAGE_KEY", key)
	q := url.Values{"domain": {u.Host}, "protocol": {"http"}, "localemu": {"true"}, "prefix": {"chatd/"}}
	at := "azblob://files?" + q.Encode()
	makeContainer(t, at)
	storagetest.Run(t, at)
}

// makeContainer makes the container that a URL names: who runs chatd has one.
func makeContainer(t *testing.T, at string) {
	t.Helper()
	b, err := blob.OpenBucket(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	var c *container.Client
	if !b.As(&c) {
		t.Fatal("it is no container of Azure")
	}
	if _, err := c.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

// azurite runs the emulator of Azure Blob Storage with an account, a name and a key,
// until the test ends, and returns its URL. It comes from its registry, as testdata
// says, and runs in Node.js.
func azurite(t *testing.T, account string) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("azurite: %v: install Node.js (tools/need node)", err)
	}
	dir, err := filepath.Abs("testdata/azurite")
	if err != nil {
		t.Fatal(err)
	}
	install(t, dir)
	cmd := exec.Command(node, filepath.Join(dir, "node_modules/azurite/dist/src/blob/main.js"),
		"--blobPort", "0", "--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck")
	cmd.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+account)
	cmd.Dir = t.TempDir()
	said, says := io.Pipe()
	cmd.Stdout, cmd.Stderr = says, os.Stderr
	listening := make(chan string, 1)
	go heard(said, listening)
	proc, err := devstack.StartProcess(cmd, syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(proc.Stop(syscall.SIGTERM, 10*time.Second), says.Close()); err != nil {
			t.Error(err)
		}
	})
	select {
	case at := <-listening:
		return at
	case <-proc.Done():
		t.Fatalf("azurite ended by itself: %v", proc.Err())
	case <-time.After(time.Minute):
		t.Fatal("azurite does not listen")
	}
	return ""
}

// heard reads what the emulator says to its end, and gives the URL that it names.
func heard(said io.Reader, listening chan<- string) {
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if _, at, ok := strings.Cut(lines.Text(), "listens on "); ok {
			listening <- strings.TrimSpace(at)
			break
		}
	}
	_, _ = io.Copy(io.Discard, said) // it ends with the emulator
}

// install gets what a folder's lock file names from its registry, unless it is there.
func install(t *testing.T, dir string) {
	t.Helper()
	npm := func(args ...string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "npm", args...)
		cmd.Dir = dir
		return cmd.CombinedOutput()
	}
	if _, err := npm("ls"); err == nil {
		return
	}
	if out, err := npm("ci", "--no-audit", "--no-fund", "--loglevel=error"); err != nil {
		t.Fatalf("npm ci in %s: %v\n%s", dir, err, out)
	}
}
