package main

import (
	"runtime/debug"
	"testing"
)

func TestVersionOf(t *testing.T) {
	for _, tt := range []struct {
		module string
		vcs    []debug.BuildSetting
		want   string
	}{
		{"v1.2.3", []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}}, "v1.2.3"},
		{"", nil, "development"},
		{"(devel)", []debug.BuildSetting{{Key: "GOOS", Value: "linux"}}, "development"},
		{"(devel)", []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.time", Value: "2026-11-23T14:37:00Z"}, {Key: "vcs.modified", Value: "false"}},
			"development-0123456789ab of 2026-11-23"},
		{"(devel)", []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.time", Value: "2026-11-23T14:37:00Z"}, {Key: "vcs.modified", Value: "true"}},
			"development-0123456789ab+changes of 2026-11-23"},
	} {
		if got := versionOf(&debug.BuildInfo{Main: debug.Module{Version: tt.module}, Settings: tt.vcs}); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.module, got, tt.want)
		}
	}
}
