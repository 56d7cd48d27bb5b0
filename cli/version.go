package cli

import (
	"runtime/debug"
	"strings"
)

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return versionOf(info)
}

// versionOf is the module's version, or the commit that a source tree was at,
// with its day.
func versionOf(info *debug.BuildInfo) string {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	vcs := map[string]string{}
	for _, s := range info.Settings {
		vcs[s.Key] = s.Value
	}
	version := "development"
	if revision := vcs["vcs.revision"]; revision != "" {
		version += "-" + revision[:min(12, len(revision))]
	}
	if vcs["vcs.modified"] == "true" {
		version += "+changes"
	}
	if day, _, _ := strings.Cut(vcs["vcs.time"], "T"); day != "" {
		version += " of " + day
	}
	return version
}
