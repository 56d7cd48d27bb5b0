package gitobj

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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
	git, err := exec.LookPath("git")
	if err != nil {
		return false, errors.New("git is not installed")
	}
	ctx, cancel := context.WithTimeout(context.Background(), trackedWithin)
	defer cancel()
	r, err := run(ctx, git, filepath.Dir(real), nil, nil, "ls-files", "-z", "--", ":(literal)"+filepath.Base(real))
	if err != nil {
		return false, errors.New("git ls-files failed")
	}
	n, err := io.Copy(io.Discard, r)
	if r.end(ctx, err) != nil {
		return false, errors.New("git ls-files failed")
	}
	return n > 0, nil
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
