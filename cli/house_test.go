package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = ".." // of the module

// importGraph is what each package of the module imports, tests aside, on all
// systems together. The module's own packages go without its name.
func importGraph(t *testing.T) map[string][]string {
	t.Helper()
	graph := make(map[string][]string)
	for _, system := range []string{"linux", "darwin", "windows"} {
		list := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
		list.Dir, list.Env = root, append(os.Environ(), "GOOS="+system)
		out, err := list.Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		for line := range strings.Lines(string(out)) {
			names := strings.Fields(line)
			for i, name := range names {
				names[i] = strings.TrimPrefix(name, "keycare/")
			}
			graph[names[0]] = append(graph[names[0]], names[1:]...)
		}
	}
	for name, imports := range graph {
		slices.Sort(imports)
		graph[name] = slices.Compact(imports)
	}
	return graph
}

// within reports whether a package is a room or one below it.
func within(name, room string) bool { return name == room || strings.HasPrefix(name, room+"/") }

// Data flows one way: the commands call what judges and what rotates, and those
// two know the files, never each other and never the commands.
func TestDirectionOfImports(t *testing.T) {
	graph := importGraph(t)
	type room struct {
		name    string
		imports []string // that it may have of this module, beside what is in it
	}
	rooms := []room{
		{"keycare", []string{"cli"}},
		{"cli/notice", nil},
		{"cli/progress", []string{"credfile/show"}},
		{"cli/complete", []string{"cli/usage", "credfile/sorting"}},
		{"cli/usage", []string{"credfile/show", "credfile/pattern"}},
		{"cli/settings", []string{"credfile"}},
		{"cli", []string{"rotate", "report", "credfile"}},
		{"report", []string{"credfile"}},
		{"rotate/awstest", []string{"credfile/pattern", "credfile/sorting"}},
		{"rotate", []string{"credfile"}},
		{"credfile/disk", nil},
		{"credfile/show", []string{"credfile/facts", "credfile/pattern"}},
		{"credfile/facts", []string{"credfile/sorting"}},
		{"credfile/pattern", nil},
		{"credfile/sorting", nil},
		{"credfile", nil},
	}
	for name, imports := range graph {
		i := slices.IndexFunc(rooms, func(r room) bool { return within(name, r.name) })
		if i < 0 {
			t.Errorf("%s is in no room", name)
			continue
		}
		for _, imp := range imports {
			_, ours := graph[imp]
			if ours && !within(imp, rooms[i].name) && !slices.ContainsFunc(rooms[i].imports, func(room string) bool { return within(imp, room) }) {
				t.Errorf("%s imports %s", name, imp)
			}
			if strings.Contains(imp, "urfave/cli") && !slices.Contains([]string{"cli", "cli/usage", "cli/complete"}, name) {
				t.Errorf("%s imports %s: only the commands and what reads their tree know flags", name, imp)
			}
		}
	}
	if inner := graph["report"]; slices.ContainsFunc(inner, func(imp string) bool { return within(imp, "report") }) {
		t.Errorf("report imports %v: a format is made of a report, and judges nothing", inner)
	}
}

const (
	graphStart = "<!-- Made by: go test ./cli -run ImportGraph -update -->\n\n```text\n"
	graphEnd   = "```\n"
)

// The picture in docs/design.md is the one that the code has.
func TestImportGraph(t *testing.T) {
	graph := importGraph(t)
	names := make([]string, 0, len(graph))
	for name := range graph {
		names = append(names, name)
	}
	slices.Sort(names)
	var text strings.Builder
	for _, name := range names {
		ours := slices.DeleteFunc(graph[name], func(imp string) bool { _, ok := graph[imp]; return !ok })
		fmt.Fprintf(&text, "%s\n", strings.TrimSpace(fmt.Sprintf("%-24s %s", name, strings.Join(ours, " "))))
	}
	page := filepath.Join(root, "docs", "design.md")
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	before, rest, ok := strings.Cut(string(b), graphStart)
	drawn, after, closed := strings.Cut(rest, graphEnd)
	switch {
	case !ok || !closed:
		t.Fatalf("%s has no graph of imports", page)
	case drawn == text.String():
	case *update:
		if err := os.WriteFile(page, []byte(before+graphStart+text.String()+graphEnd+after), 0o666); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s draws other imports; look at the change, then run: go test ./cli -run ImportGraph -update\n%s", page, text.String())
	}
}

// speaks are the names by which a package writes to a person by itself.
var speaks = map[string][]string{
	"fmt": {"Print", "Printf", "Println"},
	"os":  {"Stdin", "Stdout", "Stderr"},
	"log": {"Print", "Printf", "Println", "Panic", "Panicf", "Panicln"},
}

// ends are the names by which a package ends the program.
var ends = map[string][]string{"os": {"Exit"}, "log": {"Fatal", "Fatalf", "Fatalln"}, "syscall": {"Exit"}}

// eachFile gives the syntax of every file of the product: not those of tests, nor
// those that are a part of tests.
func eachFile(t *testing.T, look func(name string, at *token.FileSet, f *ast.File)) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 2 && d.Name()[0] == '.') {
			return cmp.Or(err, fs.SkipDir)
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			return err
		}
		seen++
		if slices.ContainsFunc(f.Imports, func(imp *ast.ImportSpec) bool { return imp.Path.Value == `"testing"` }) {
			return nil // a part of tests
		}
		look(name, fset, f)
		return nil
	})
	if err != nil || seen < 100 {
		t.Errorf("%d files, %v", seen, err)
	}
}

// Only the commands speak, by the streams that main gives them, and only main ends
// the program.
func TestWhoPrintsAndExits(t *testing.T) {
	eachFile(t, func(name string, fset *token.FileSet, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				pkg, ok := n.X.(*ast.Ident)
				if !ok {
					break
				}
				if slices.Contains(speaks[pkg.Name], n.Sel.Name) && name != "main.go" {
					t.Errorf("%s: %s.%s: only cli prints, to the streams of its env", fset.Position(n.Pos()), pkg.Name, n.Sel.Name)
				}
				if slices.Contains(ends[pkg.Name], n.Sel.Name) && name != "main.go" {
					t.Errorf("%s: %s.%s: only main exits", fset.Position(n.Pos()), pkg.Name, n.Sel.Name)
				}
			case *ast.BasicLit:
				if strings.Contains(n.Value, "profile %q") {
					t.Errorf("%s: a profile's name is shown by show.Name: it may be a secret", fset.Position(n.Pos()))
				}
			case *ast.CallExpr:
				if fun, ok := n.Fun.(*ast.Ident); ok && (fun.Name == "print" || fun.Name == "println") {
					t.Errorf("%s: %s prints", fset.Position(n.Pos()), fun.Name)
				}
			}
			return true
		})
	})
}

// Regular expressions are compiled when they are first used, and all of them can be.
func TestPatterns(t *testing.T) {
	seen := 0
	eachFile(t, func(name string, fset *token.FileSet, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			fun, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch pkg, _ := fun.X.(*ast.Ident); {
			case pkg == nil:
			case pkg.Name == "regexp" && strings.HasPrefix(fun.Sel.Name, "MustCompile") && !strings.HasPrefix(name, "credfile/pattern/"):
				t.Errorf("%s: use pattern.Of, which costs no start anything", fset.Position(n.Pos()))
			case pkg.Name == "pattern" && fun.Sel.Name == "Of":
				text, _ := call.Args[0].(*ast.BasicLit)
				if text == nil {
					t.Errorf("%s: not a literal, which nobody checks", fset.Position(n.Pos()))
					break
				}
				seen++
				plain, err := strconv.Unquote(text.Value)
				if err == nil {
					_, err = regexp.Compile(plain)
				}
				if err != nil {
					t.Errorf("%s: %v", fset.Position(n.Pos()), err)
				}
			}
			return true
		})
	})
	if seen < 30 {
		t.Errorf("only %d patterns", seen)
	}
}
