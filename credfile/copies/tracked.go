package copies

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// trackedWithin bounds the question to Git.
const trackedWithin = 10 * time.Second

// Tracked reports whether Git tracks the file, links resolved. A file outside of
// every work tree is not tracked, and Git is not asked. None of the repository's
// programs runs.
func Tracked(path string) (bool, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false, err
	}
	if !inWorkTree(filepath.Dir(real)) {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), trackedWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath="+os.DevNull, "-c", "safe.directory=*",
		"ls-files", "-z", "--", ":(literal)"+filepath.Base(real))
	cmd.Dir = filepath.Dir(real)
	cmd.Env = append(withoutGit(os.Environ()), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		var none *exec.Error
		if errors.As(err, &none) {
			return false, errors.New("git is not installed")
		}
		return false, errors.New("git ls-files failed")
	}
	return out.Len() > 0, nil
}

// inWorkTree reports whether a folder, or one above it, has a repository.
func inWorkTree(dir string) bool {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return false
		}
		dir = up
	}
}

// withoutGit is an environment without Git's own variables, which a hook has set.
func withoutGit(env []string) (out []string) {
	for _, v := range env {
		if !strings.HasPrefix(v, "GIT_") {
			out = append(out, v)
		}
	}
	return out
}
