package schedule

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Binary returns the path by which a timer should start this program: of running
// (os.Executable) and the other names, such as the one in the PATH, the first
// other name that leads to the same file. Package managers keep such a name over
// upgrades and move the file. A file that is not going to stay is returned with a
// *Passing.
func Binary(running, temp string, names ...string) (string, error) {
	info, err := os.Stat(running)
	if err != nil {
		return "", fmt.Errorf("this program's own file is not there any more: %w", err)
	}
	resolved, err := filepath.EvalSymlinks(running)
	if err != nil {
		return "", err
	}
	for _, path := range []string{running, resolved} {
		if passing(path, temp) {
			return running, &Passing{path}
		}
	}
	for _, name := range names {
		path, err := filepath.Abs(name)
		if err != nil || name == "" || passing(path, temp) {
			continue
		}
		if same, err := os.Stat(path); err == nil && os.SameFile(info, same) {
			return path, nil
		}
	}
	return filepath.Abs(running)
}

// Passing is a program that is not going to stay where it is.
type Passing struct{ Path string }

func (p *Passing) Error() string {
	return p.Path + " is in a temporary folder and will not stay: install keycare first (\"go install .\" in its source), and run the installed one"
}

// passing reports whether a path is in Go's build folders or below temp.
func passing(path, temp string) bool {
	parts := strings.Split(filepath.ToSlash(path), "/")
	if slices.ContainsFunc(parts, func(p string) bool { return strings.HasPrefix(p, "go-build") }) {
		return true
	}
	for _, dir := range []string{temp, evaluated(temp)} {
		if rel, err := filepath.Rel(dir, path); dir != "" && err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

func evaluated(dir string) string {
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		return resolved
	}
	return dir
}
