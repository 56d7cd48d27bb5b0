package cli

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// leaks looks for secrets where none may be: in what programs printed and asked AWS,
// and in all files below a folder, and their names, but for the allowed ones, for what
// stood in a file before the program ran, and for the recovery files that only their
// owner can read.
type leaks struct {
	mu      sync.Mutex
	secrets []string
	pieces  *pieces // of the first of them
	made    int     // of how many
	printed []printed
	seen    int      // of them
	allowed []string // files and folders
	had     map[string][]int
}

type printed struct{ by, text string }

// shortest is the length from which on a value counts as a secret: a shorter
// one is a stand-in that may well occur elsewhere.
const shortest = 16

func (l *leaks) learn(secrets ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range secrets {
		if len(s) >= shortest && !slices.Contains(l.secrets, s) {
			l.secrets = append(l.secrets, s)
		}
	}
}

func (l *leaks) allow(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.allowed = append(l.allowed, path)
}

func (l *leaks) heard(by, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.printed = append(l.printed, printed{by, text})
}

var secretSetting = regexp.MustCompile(`(?im)(?:\b(?:aws_)?(?:secret_?access_?key|session_?token|security_token|secret_?key)|secret access key)["']?[ \t]*[=:,][ \t]*["']?([^\s"'$,]+)`)

// learnText learns the secrets that stand in a settings file.
func (l *leaks) learnText(text string) {
	for _, m := range secretSetting.FindAllStringSubmatch(text, -1) {
		l.learn(m[1])
	}
}

// learnFiles learns the secrets of all files below dir.
func (l *leaks) learnFiles(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		l.learnText(string(b))
		return err
	})
}

// files calls do with the text of each file below a folder that is not allowed to
// have any secret.
func (l *leaks) files(dir string, do func(path string, mode fs.FileMode, text string)) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case slices.Contains(l.allowed, path) && d.IsDir():
			return fs.SkipDir
		case slices.Contains(l.allowed, path):
			return nil
		case !d.Type().IsRegular():
			do(path, 0, "")
			return nil
		}
		fi, err := d.Info()
		if err != nil || fi.Size() > 16<<20 { // a sparse file that a script made
			return err
		}
		mode, err := modeOf(path)
		if err != nil || sameMode(mode, 0o600) && strings.HasSuffix(path, ".recovery") {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil {
			do(path, mode, string(b))
		}
		return err
	})
}

// before notes what stands in the files before a program runs.
func (l *leaks) before(dir string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.had = map[string][]int{}
	return l.files(dir, func(path string, _ fs.FileMode, text string) {
		if in := l.secretsIn(text); len(in) > 0 {
			l.had[path] = in
		}
	})
}

// find returns a sentence for each place of a secret, which does not show it. What
// was printed is looked at once.
func (l *leaks) find(dir string) []string { return l.search(dir, l.secretsIn) }

// findAll is find by the matcher of a scan, over all that was printed.
func (l *leaks) findAll(dir string) []string {
	l.seen = 0
	s := scannerOf(l.secrets)
	return l.search(dir, func(text string) []int { return matched(s, text) })
}

// findPlain is find for texts that may be shown with their odd characters escaped: it
// looks for a half of each, as it is or as URLs write it.
func (l *leaks) findPlain(dir string) []string {
	return l.search(dir, func(text string) (in []int) {
		for i, s := range l.secrets {
			for _, half := range []string{s[:len(s)/2], s[len(s)/2:]} {
				if strings.Contains(text, half) || strings.Contains(text, url.QueryEscape(half)) {
					in = append(in, i)
				}
			}
		}
		return in
	})
}

const nameHolds = "the name of a file holds a secret"

func (l *leaks) search(dir string, in func(text string) []int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for _, p := range l.printed[l.seen:] {
		if len(in(p.text)) > 0 {
			found = append(found, fmt.Sprintf("%s printed a secret", p.by))
		}
	}
	l.seen = len(l.printed)
	err := l.files(dir, func(path string, mode fs.FileMode, text string) {
		if slices.ContainsFunc(in(text), func(n int) bool { return !slices.Contains(l.had[path], n) }) {
			found = append(found, fmt.Sprintf("%s (mode %04o) holds a secret", filepath.ToSlash(path), mode))
		}
		if name, err := filepath.Rel(dir, path); err != nil || len(in(filepath.ToSlash(name))) > 0 {
			found = append(found, nameHolds)
		}
	})
	if err != nil {
		found = append(found, fmt.Sprintf("the search for secrets failed: %v", err))
	}
	return found
}

// secretsIn are the numbers of the secrets of which text holds a piece, in any form.
func (l *leaks) secretsIn(text string) []int {
	if l.pieces == nil || l.made != len(l.secrets) {
		l.pieces, l.made = piecesOf(l.secrets), len(l.secrets)
	}
	return l.pieces.in(text)
}

func (l *leaks) secretIn(text string) bool { return len(l.secretsIn(text)) > 0 }

func TestLeaks(t *testing.T) {
	const secret, token = "c2VjcmV0L3dpdGgrc2xhc2hlcy8rYW5kL3BsdXNl", "IQoJb3JpZ2luX2VjEXAMPLETOKEN/of+some+length"
	text := "[work]\nAWS_Secret_Access_Key : " + secret + "\naws_session_token=" + token + "\r\n"
	for name, tt := range map[string]struct {
		path  string // the file that holds text, in the folder
		mode  fs.FileMode
		print string
		want  string // a part of the one sentence
	}{
		"nothing":           {print: "rotated key AKIAQAAAAAAAQAAAAAAA"},
		"printed":           {print: "the secret is " + secret + ".", want: "keycare printed"},
		"first half":        {print: "=" + secret[:20] + "…", want: "keycare printed"},
		"second half":       {print: "…" + secret[20:], want: "keycare printed"},
		"in a URL":          {print: "?k=c2VjcmV0L3dpdGgrc2xhc2hlcy8rYW5kL3BsdXNl&t=" + url.QueryEscape(token), want: "keycare printed"},
		"token":             {print: token, want: "keycare printed"},
		"allowed file":      {path: "credentials", mode: 0o600},
		"in allowed folder": {path: "want/credentials", mode: 0o600},
		"other file":        {path: "state/history.jsonl", mode: 0o600, want: "history.jsonl (mode 0600) holds"},
		"temporary file":    {path: ".keycare-1-credentials.new", mode: 0o600, want: "holds a secret"},
		"recovery file":     {path: "state/1.recovery", mode: 0o600},
		"open recovery":     {path: "state/1.recovery", mode: 0o644, want: "1.recovery (mode 0644) holds"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := &leaks{}
			l.learnText(text)
			l.allow(filepath.Join(dir, "credentials"))
			l.allow(filepath.Join(dir, "want"))
			l.heard("keycare", tt.print)
			if tt.path != "" {
				writeFile(t, filepath.Join(dir, tt.path), text, tt.mode)
			}
			got := l.find(dir)
			if (tt.want == "") != (len(got) == 0) || len(got) > 1 || !strings.Contains(strings.Join(got, ""), tt.want) {
				t.Errorf("got %q, want one with %q", got, tt.want)
			}
			if slices.ContainsFunc(got, l.secretIn) {
				t.Error("the sentence itself holds a secret")
			}
		})
	}
}

// Each form of a secret is found, wherever it begins, and by both searchers if all of
// it is there; so is a secret in the name of a file.
func TestLeakForms(t *testing.T) {
	const secret = "c2VjcmV0L3dpdGgrc2xhc2hlcy8rYW5kL3BsdXNl"
	encoded := func(before string) string {
		return base64.StdEncoding.EncodeToString([]byte(before + secret + "!"))
	}
	back := []byte(secret)
	slices.Reverse(back)
	l := &leaks{}
	l.learn("another+secret/of+letters/only+in+words/", secret)
	s := scannerOf(l.secrets)
	for name, c := range map[string]struct {
		text string
		part bool // not the whole of it
	}{
		"plain": {text: "=" + secret}, "in small letters": {text: strings.ToLower(secret)}, "in capitals": {text: strings.ToUpper(secret)},
		"in a URL": {text: url.QueryEscape(secret)}, "in a URL in a URL": {text: url.QueryEscape(url.QueryEscape(secret))},
		"in JSON of PHP": {text: strings.ReplaceAll(secret, "/", `\/`)}, "in JSON that escapes all": {text: strings.NewReplacer("+", `\u002B`, "/", `\u002f`).Replace(secret)},
		"in XML": {text: strings.NewReplacer("+", "&#43;", "/", "&#x2F;").Replace(secret)}, "in octal": {text: strings.NewReplacer("+", `\053`, "/", `\057`).Replace(secret)},
		"in base64": {text: encoded("")}, "in base64, one before": {text: encoded("?")}, "in base64, two before": {text: encoded("?:")},
		"in base64 of URLs": {text: strings.NewReplacer("+", "-", "/", "_").Replace(encoded(""))},
		"in hex":            {text: fmt.Sprintf("%x", secret)}, "in hex of capitals": {text: fmt.Sprintf("%X", secret)},
		"in UTF-16": {text: string(utf16le("a=" + secret))}, "in UTF-16 and a URL": {text: string(utf16le(url.QueryEscape(secret)))},
		"a piece": {text: "x" + secret[14:26] + "y", part: true}, "a piece in base64": {text: encoded("")[16:28], part: true},
		"a piece in hex": {text: fmt.Sprintf("%x", secret[20:26]), part: true}, "from behind": {text: string(back), part: true},
	} {
		text := "said: " + c.text + " (end)"
		if in := l.secretsIn(text); !slices.Equal(in, []int{1}) {
			t.Errorf("%s: pieces are found of %v", name, in)
		}
		if in := matched(s, text); !c.part && !slices.Equal(in, []int{1}) {
			t.Errorf("%s: the matcher finds %v", name, in)
		}
	}
	for _, text := range []string{"", "said nothing", secret[:11], "000000000000000000000000", "another secret of letters only in words"} {
		if in := l.secretsIn(text); len(in) > 0 {
			t.Errorf("%q: found %v", text, in)
		}
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, strings.ReplaceAll(secret, "/", "%2F")), "", 0o600)
	for _, find := range []func(string) []string{l.find, l.findAll} {
		if got := find(dir); len(got) != 1 || !strings.Contains(got[0], "the name of a file") {
			t.Errorf("got %q", got)
		}
	}
}

// What a file held before a program ran is not that program's, another secret is.
func TestLeaksOfBefore(t *testing.T) {
	const had, other = "c2VjcmV0L3dpdGgrc2xhc2hlcy8rYW5kL3BsdXNl", "another+secret/of+letters/only+in+words/"
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	writeFile(t, path, had, 0o600)
	l := &leaks{}
	l.learn(had, other)
	if err := l.before(dir); err != nil {
		t.Fatal(err)
	}
	if got := append(l.find(dir), l.findAll(dir)...); len(got) > 0 {
		t.Errorf("got %q", got)
	}
	writeFile(t, path, had+other, 0o600)
	if got := append(l.find(dir), l.findAll(dir)...); len(got) != 2 {
		t.Errorf("got %q", got)
	}
}

func writeFile(t testing.TB, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
