package report

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// report judges data; what rotates keys must not come in with it.
func TestImports(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range f.Imports {
			path := strings.Trim(imp.Path.Value, `"`)
			switch {
			case strings.HasPrefix(path, "keycare/rotate"):
				t.Errorf("%s imports %s", name, path)
			case strings.HasSuffix(name, "_test.go"):
			case path == "os" || path == "net" || strings.HasPrefix(path, "net/") || strings.Contains(path, "aws-sdk-go"):
				t.Errorf("%s imports %s: the package works on plain data", name, path)
			}
		}
	}
}
