package copies

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"keycare/credfile"
)

// home is a folder with copies of keys of which the test knows.
type home struct {
	t     *testing.T
	dir   string
	own   Key
	past  Key
	other string // ID of another account
}

func newHome(t *testing.T) *home {
	r := rand.New(rand.NewPCG(7, 8))
	h := &home{t: t, dir: t.TempDir(), own: newKey(r), other: newID(r, "AKIA", 444444444444)}
	h.past = Key{ID: newID(r, "AKIA", 123456789012), State: Deleted}
	return h
}

func (h *home) write(path, text string) {
	h.t.Helper()
	full := filepath.Join(h.dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *home) env() string {
	return "AWS_ACCESS_KEY_ID=" + h.own.ID + "\nAWS_SECRET_ACCESS_KEY=" + h.own.Secret.Reveal() + "\n"
}

func (h *home) look(o WalkOptions) (Result, []string, error) {
	c := NewCollector(NewMatcher([]Key{h.own, h.past}, Options{Others: true}), []string{"123456789012"}, nil)
	if o.Roots == nil {
		o.Roots = []string{h.dir}
	}
	o.Archives = true
	repos, err := Walk(context.Background(), c, o)
	return c.Result(), repos, err
}

// found is what was found, a line a copy.
func (h *home) found(r Result) (all []string) {
	names := map[string]string{h.own.ID: "own", h.past.ID: "past", h.other: "other"}
	root, err := filepath.EvalSymlinks(h.dir)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, c := range r.Copies {
		rel, err := filepath.Rel(root, c.Path)
		if err != nil {
			h.t.Fatal(err)
		}
		what := fmt.Sprintf("%s %s: %s:%d", filepath.ToSlash(rel), names[c.KeyID], c.Parts, c.Line)
		if c.Inner != "" {
			what = fmt.Sprintf("%s!%s", c.Inner, what)
		}
		if c.Near {
			what += " near"
		}
		for _, f := range c.Forms {
			what += " " + string(f)
		}
		all = append(all, what)
	}
	slices.Sort(all)
	return all
}

func reasons(r Result) map[Reason]int {
	all := map[Reason]int{}
	for _, s := range r.Skipped {
		all[s.Reason] = s.Count
	}
	return all
}

func zipped(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err == nil {
			_, err = w.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tarred(t *testing.T, name, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text)), Typeflag: tar.TypeReg, Format: tar.FormatGNU})
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// "x\nid=AKIAZAVB57H55F3T4BKH\n" by bzip2, which Go can only read.
const bzipped = "QlpoOTFBWSZTWTDJ+zUAAAzPgAAQDoIxaAUQBCAAQCAAIiaAMI8oU0yMTExCzTV9oHHROR5eAKhKfF3JFOFCQMMn7NQ="

func TestWalk(t *testing.T) {
	h := newHome(t)
	secret := h.own.Secret.Reveal()
	h.write(".aws/credentials", h.env())
	h.write("src/.env", "A=1\n"+h.env())
	h.write("src/node_modules/x/.env", h.env())
	h.write("src/old.tf", "# "+h.past.ID+"\n")
	h.write("src/other.py", "k = '"+h.other+"'\ns = 'wJalrXUtnFEMIK7MDENGbPxRfiCYzX8kQ2mNvB4d'\n")
	h.write("src/app/target/x", secret)
	h.write("src/app/Cargo.toml", "")
	h.write("k8s/secret.yaml", "a:\n b: "+base64.StdEncoding.EncodeToString([]byte(secret))+"\n")
	h.write("notes.txt", wide("\ufeffkey\r\n"+h.own.ID+"\r\n", false))
	h.write("x.db", "SQLite\x00\x00\n\n"+h.own.ID)
	h.write("logs/app.log.gz", gzipped(t, strings.Repeat("line\n", 9)+h.env()))
	h.write("docs/a.docx", zipped(t, "word/document.xml", "<t>"+h.own.ID+"</t>", "img/x.png", "\x89PNG"))
	h.write("deep/b.tar.gz", gzipped(t, tarred(t, "p/in.zip", zipped(t, "q/.env", h.env()))))
	h.write("deep/c.zip", zipped(t, "1.zip", zipped(t, "2.zip", zipped(t, "3.zip", zipped(t, "f", h.env())))))
	h.write("odd/x.7z", "7z\xbc\xaf\x27\x1c"+strings.Repeat("x", 100))
	h.write("odd/broken.zip", "PK\x03\x04"+strings.Repeat("x", 100))
	h.write("odd/empty", "")
	h.write("big.jpg", "\xff\xd8\xff"+strings.Repeat("x", 1<<20)+h.own.ID)
	for i := range 600 { // more than a task has
		h.write(fmt.Sprintf("many/f%03d", i), fmt.Sprintf("%*s%s", 15*(i%90), "", map[bool]string{true: h.own.ID}[i == 333]))
	}
	o := WalkOptions{Leave: []string{filepath.Join(h.dir, ".aws", "credentials")}}
	r, _, err := h.look(o)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"p/in.zip › q/.env!deep/b.tar.gz own: ID and secret:1",
		"k8s/secret.yaml own: secret:2 base64",
		"logs/app.log.gz own: ID and secret:10",
		"many/f333 own: ID:1",
		"notes.txt own: ID:2 UTF-16",
		"src/.env own: ID and secret:2",
		"src/old.tf past: ID:1",
		"src/other.py other: ID:1 near",
		"word/document.xml!docs/a.docx own: ID:1",
		"x.db own: ID:0",
	}
	slices.Sort(want)
	if got := h.found(r); !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for reason, n := range map[Reason]int{Caches: 2, OddArchive: 1, BadArchive: 1, Media: 1, DeepArchive: 1} {
		if reasons(r)[reason] != n {
			t.Errorf("%s: %v", reason, r.Skipped)
		}
	}
	o.Deep = true
	r, _, err = h.look(o)
	for _, more := range []string{"src/node_modules/x/.env own: ID and secret:1", "src/app/target/x own: secret:1", "big.jpg own: ID:1"} {
		if err != nil || !slices.Contains(h.found(r), more) {
			t.Errorf("%v: --deep does not find %s in %q", err, more, h.found(r))
		}
	}
}

func TestWalkBzip2(t *testing.T) {
	h := newHome(t)
	b, err := base64.StdEncoding.DecodeString(bzipped)
	if err != nil {
		t.Fatal(err)
	}
	h.write("x.bz2", string(b))
	r, _, err := h.look(WalkOptions{})
	if err != nil || len(r.Copies) != 1 || r.Copies[0].KeyID != "AKIAZAVB57H55F3T4BKH" || r.Copies[0].Line != 2 {
		t.Errorf("%v, %+v", err, r)
	}
}

// What is unpacked has bounds, and that one was met is said.
func TestArchiveBounds(t *testing.T) {
	h := newHome(t)
	zeros := strings.Repeat("\x00", 1<<20)
	h.write("bomb.zip", zipped(t, "a", zeros, "b", zeros, "c", zeros, "d", zeros, "e", h.env()))
	h.write("member.zip", zipped(t, "a", zeros+h.env(), "b", h.env()))
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprint(i), "x")
	}
	h.write("many.zip", zipped(t, append(many, "last", h.env())...))
	h.write("nested.tar", tarred(t, "n.zip", zipped(t, "random", drawnFrom(rand.New(rand.NewPCG(1, 1)), secretLetters, 300<<10))))
	deep := h.env()
	for range 9 {
		deep = gzipped(t, deep)
	}
	h.write("deep.gz", deep)
	lock := []byte(zipped(t, "f", h.env()))
	lock[6] |= 1
	at := bytes.LastIndex(lock, []byte("PK\x01\x02"))
	lock[at+8] |= 1
	h.write("locked.zip", string(lock))
	r, _, err := h.look(WalkOptions{bounds: bounds{depth: 6, member: 1 << 20, unpack: 4 << 20, members: 50, nested: 100 << 10}})
	if err != nil {
		t.Fatal(err)
	}
	if got := h.found(r); !slices.Equal(got, []string{"b!member.zip own: ID and secret:1"}) {
		t.Errorf("found %q", got)
	}
	for reason, n := range map[Reason]int{CutArchive: 3, BigArchive: 1, DeepArchive: 1, Encrypted: 1} {
		if reasons(r)[reason] != n {
			t.Errorf("%s: want %d: %+v", reason, n, r.Skipped)
		}
	}
	if r.Bytes > 12<<20 {
		t.Errorf("%d bytes were read", r.Bytes)
	}
}

// A scan that is stopped tells what it found until then.
func TestWalkStops(t *testing.T) {
	h := newHome(t)
	h.write("a/.env", h.env())
	ctx, stop := context.WithCancel(context.Background())
	stop()
	c := NewCollector(NewMatcher([]Key{h.own}, Options{}), nil, nil)
	if _, err := Walk(ctx, c, WalkOptions{Roots: []string{h.dir}}); err == nil {
		t.Error("no error")
	}
	_, _, err := h.look(WalkOptions{Roots: []string{filepath.Join(h.dir, "nowhere"), filepath.Join(h.dir, "a", ".env")}})
	if !os.IsNotExist(err) && err == nil {
		t.Error("a root that is missing is no error")
	}
}

// A secret in the name of a file is not told.
func TestSecretInName(t *testing.T) {
	h := newHome(t)
	h.own.Secret = credfile.NewSecret("wJalrXUtnFEMIK7MDENGbPxRfiCYzX8kQ2mNvB4d")
	h.write(h.own.Secret.Reveal()+"/x.txt", h.env())
	if runtime.GOOS != "windows" {
		h.write(h.own.Secret.Reveal()+".zip", zipped(t, h.own.Secret.Reveal(), h.env())+"")
	}
	r, _, err := h.look(WalkOptions{})
	if err != nil || len(r.Copies) == 0 || strings.Contains(fmt.Sprintf("%+v", r), h.own.Secret.Reveal()) {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestPlaces(t *testing.T) {
	for path, want := range map[string]Place{
		"/home/u/.aws/credentials.bak":                         "copy of the AWS files",
		"/home/u/.aws/cli/history/history.db":                  "AWS CLI history",
		"/home/u/.claude/projects/x/1.jsonl":                   "AI transcript",
		"/home/u/src/.env.local":                               "environment file",
		"/home/u/src/dev.env":                                  "environment file",
		"/home/u/Downloads/dana_accessKeys.csv":                "console download",
		"/home/u/src/prod.tfvars":                              "Terraform",
		"/home/u/src/x/main.go":                                "",
		"/home/u/.config/rclone/rclone.conf":                   "S3 tool",
		"/home/u/.config/Code/User/History/1/a.py":             "editor history",
		"/home/u/src/.git/config":                              "Git configuration",
		"/home/u/Library/Application Support/Code/User/a.json": "editor settings",
		"p/.env": "environment file",
	} {
		if got := placeOf(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
