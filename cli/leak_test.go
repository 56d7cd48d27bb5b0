package cli

import (
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

// leaks looks for secrets where none may be: in what programs printed, and in
// all files below a folder but the allowed ones and the recovery files that
// only their owner can read.
type leaks struct {
	mu      sync.Mutex
	secrets []string
	printed []printed
	allowed []string // files and folders
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

var secretSetting = regexp.MustCompile(`(?im)\baws_(?:secret_access_key|session_token|security_token)[ \t]*[=:][ \t]*["']?([^\s"'$]+)`)

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

// find returns a sentence for each place of a secret, which does not show it.
func (l *leaks) find(dir string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for _, p := range l.printed {
		if l.secretIn(p.text) {
			found = append(found, fmt.Sprintf("%s printed a secret", p.by))
		}
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case slices.Contains(l.allowed, path) && d.IsDir():
			return fs.SkipDir
		case slices.Contains(l.allowed, path) || !d.Type().IsRegular():
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
		if err == nil && l.secretIn(string(b)) {
			found = append(found, fmt.Sprintf("%s (mode %04o) holds a secret", filepath.ToSlash(path), mode))
		}
		return err
	})
	if err != nil {
		found = append(found, fmt.Sprintf("the search for secrets failed: %v", err))
	}
	return found
}

// secretIn reports whether text holds a half of a secret, or more, as it is or
// as URLs write it.
func (l *leaks) secretIn(text string) bool {
	for _, s := range l.secrets {
		for _, half := range []string{s[:len(s)/2], s[len(s)/2:]} {
			if strings.Contains(text, half) || strings.Contains(text, url.QueryEscape(half)) {
				return true
			}
		}
	}
	return false
}

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
