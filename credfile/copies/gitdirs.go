package copies

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

// This file is about the folders of Git repositories that a walk meets.

// isGitDir reports whether a folder with these entries is that of a repository: .git,
// a bare one, that of a submodule.
func isGitDir(all []item) bool {
	has := 0
	for _, e := range all {
		switch e.name {
		case "HEAD":
			has++
		case "objects", "refs":
			if e.kind.IsDir() {
				has++
			}
		}
	}
	return has == 3
}

// gitLink is the folder of the repository that a file named .git leads to.
func gitLink(path string) string {
	f, err := openFile(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	b := make([]byte, 4096)
	n, _ := io.ReadFull(f, b)
	dir, ok := strings.CutPrefix(strings.TrimSpace(string(b[:n])), "gitdir: ")
	if !ok {
		return ""
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(filepath.Dir(path), dir)
	}
	return dir
}

// within is the path of an entry of a folder.
func within(dir, name string) string {
	if os.IsPathSeparator(dir[len(dir)-1]) {
		return dir + name
	}
	return dir + string(filepath.Separator) + name
}
