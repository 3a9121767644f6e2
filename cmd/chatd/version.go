package main

import (
	"cmp"
	"runtime"
	"runtime/debug"
)

// version is set when a release is built: -ldflags "-X main.version=v1.2.3".
var version string

type versionCommand struct{}

func (versionCommand) Run(t *terminal) error { //nolint:unparam // every command returns an error
	t.printf("chatd %s %s %s/%s\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// buildVersion is the release, else what Go recorded, else "unknown".
func buildVersion() string {
	recorded := ""
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "(devel)" {
		recorded = info.Main.Version
	}
	return cmp.Or(version, recorded, "unknown")
}
