package cli

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Keys of others are allowed by their ID until a day, with a reason; the user's own
// are not.
func TestGuardAllow(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.install()
	g.file("a", otherID+" "+otherSecret)
	g.must("git", "add", "-A")
	g.stopped("git", "commit", "-m", "x")
	for _, line := range []string{otherID, otherID + " soon because", "x y z", otherID + " 2020-01-01 it was so"} {
		g.file(".keycare-allow", line+"\n")
		if out, err := g.run("git", "commit", "-m", "x"); err == nil {
			t.Errorf("%q lets it pass: %s", line, out)
		}
	}
	g.file(".keycare-allow", "# test data\n"+otherID+" 2999-01-31 test data of the parser\n"+g.id+" 2999-01-31 mine\n")
	g.must("git", "commit", "-q", "-m", "x")
	g.file("b", g.id)
	g.must("git", "add", "b")
	g.stopped("git", "commit", "-m", "x")
}

// The line that guard prints can be added as it is, also by a hash, which names no key
// and holds for everyone who has the file. It ends on its day.
func TestGuardAllowByHash(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	check := []string{lookKeycare(t), "guard", "check"}
	lines := func(out string) (id, hash string) {
		for line := range strings.Lines(out) {
			switch line = strings.TrimSpace(line); {
			case strings.HasPrefix(line, otherID):
				id = line
			case strings.HasPrefix(line, hashMark):
				hash = line
			}
		}
		return id, hash
	}
	g.file("a", otherID+" "+otherSecret)
	g.must("git", "add", "-A")
	out, _ := g.run(check...)
	id, hash := lines(out)
	if id == "" || hash == "" || strings.Contains(hash, otherID) || strings.Contains(out, otherSecret) {
		t.Fatalf("it says %s", out)
	}
	for _, line := range []string{id, hash, "# a list\n\n" + hash} {
		g.file(allowFile, line+"\n")
		g.must(check...)
	}
	// each with what stops it again
	words := strings.Fields(hash)
	salt, sum, _ := strings.Cut(strings.TrimPrefix(words[0], hashMark), ":")
	for _, line := range []string{
		words[0] + " 2020-01-01 it was so",
		hashMark + "0123456789abcdef:" + sum + " 2999-01-01 another salt",
		hashMark + salt + ":" + strings.Repeat("0", 32) + " 2999-01-01 another key",
		words[0] + " 2999-01-01", words[0], hashMark + salt + " 2999-01-01 no hash",
		strings.ToUpper(words[0]) + " 2999-01-01 in capitals",
	} {
		g.file(allowFile, line+"\n")
		if out, err := g.run(check...); err == nil {
			t.Errorf("%q lets it pass: %s", line, out)
		}
	}
	// a second line takes the salt of the first
	g.file(allowFile, hashMark+salt+":"+strings.Repeat("0", 32)+" 2999-01-01 another key\n")
	out, _ = g.run(check...)
	if _, again := lines(out); again != hash {
		t.Errorf("with a salt in the file the line is %q, not %q", again, hash)
	}
	// the user's own key gets no line, and a hash of it would not count
	g.file("a", g.id+" "+g.secret)
	g.must("git", "add", "-A")
	if out, _ := g.run(check...); strings.Contains(out, hashMark) || strings.Contains(out, allowFile) {
		t.Errorf("for a key of one's own it says %s", out)
	}
	var list allowList
	own, err := list.hashed(g.id)
	if err != nil {
		t.Fatal(err)
	}
	g.file(allowFile, own+" 2999-01-01 mine\n")
	g.stopped(check...)
	// in a message too, whose hook asks the same
	g.must("git", "reset", "-q")
	g.file(allowFile, hash+"\n")
	g.file("message", otherID+" "+otherSecret)
	g.must(lookKeycare(t), "guard", "check", "--message", "message")
	g.file(allowFile, "")
	g.stopped(lookKeycare(t), "guard", "check", "--message", "message")
}

// An API key for Bedrock has no ID, so it is allowed by its hash alone; one of the
// user's own accounts cannot be.
func TestGuardAPIKey(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	check := []string{lookKeycare(t), "guard", "check"}
	key := func(account, secret string) string {
		return "ABSK" + base64.StdEncoding.EncodeToString([]byte("BedrockAPIKey-1a2b-at-"+account+":"+secret))
	}
	first, second := key("444455556666", otherSecret), key("444455556666", "Zz"+otherSecret)
	g.add("a", first)
	out, err := g.run(check...)
	_, hash, _ := strings.Cut(out, hashMark)
	hash, _, _ = strings.Cut(hashMark+hash, "\n")
	if err == nil || !strings.Contains(out, "a:1: API key for Amazon Bedrock BedrockAPIKey-1a2b-at-444455556666 (of account 444455556666)") ||
		strings.Contains(out, first) || strings.Contains(out, first[80:]) || len(strings.Fields(hash)) < 3 {
		t.Fatalf("%v: %s", err, out)
	}
	g.file(allowFile, hash+"\n")
	g.must(check...)
	g.must("git", "commit", "-q", "-m", "x")
	g.add("a", second) // another secret by the same name
	g.stopped(check...)
	g.add("a", key(accountOfGuard(t), otherSecret))
	if out, err := g.run(check...); err == nil || !strings.Contains(out, "of your account") || strings.Contains(out, hashMark) {
		t.Errorf("of an account of one's own: %v: %s", err, out)
	}
	// a scan tells it too
	out, err = g.run(lookKeycare(t), "scan", "--no-git", "--format", "json", g.repo)
	if err == nil || !strings.Contains(out, `"api_key": "BedrockAPIKey-1a2b-at-`+accountOfGuard(t)+`"`) || strings.Contains(out, "ABSK") || !strings.Contains(out, `"own-account-key"`) {
		t.Errorf("the scan says %v: %s", err, out)
	}
	out, _ = g.run(lookKeycare(t), "scan", "--no-git", g.repo)
	if !strings.Contains(out, "API key for Amazon Bedrock BedrockAPIKey-1a2b-at-"+accountOfGuard(t)+" (of your account") || !strings.Contains(out, "Delete the key in IAM") || strings.Contains(out, "ABSK") {
		t.Errorf("the scan says %s", out)
	}
}

// The commands that guard shows work where the person is, as they stand there.
func TestGuardHints(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	top := g.repo
	hint := func(out string) (commands []string) {
		for line := range strings.Lines(out) {
			if _, command, ok := strings.Cut(strings.TrimSpace(line), "To unstage it: "); ok {
				commands = append(commands, command)
			}
		}
		return commands
	}
	follow := func(what, out string) {
		t.Helper()
		commands := hint(out)
		if len(commands) == 0 {
			t.Errorf("%s: no hint in %s", what, out)
		}
		for _, command := range commands {
			g.must("sh", "-c", command)
		}
		g.must(lookKeycare(t), "guard", "check")
		g.must("git", "cat-file", "-e", ":keep") // and nothing else was unstaged
		g.repo = top
		g.must("git", "rm", "-q", "-r", "--cached", "--ignore-unmatch", ".")
	}
	names := []string{"in a folder/of [1] it.txt", "keep"}
	if filepath.Separator == '/' {
		names = append(names, "in a folder/a *", ":x")
	}
	stage := func() {
		for _, name := range names {
			text := g.id
			if name == "keep" {
				text = "x"
			}
			g.file(name, text)
		}
		if err := os.MkdirAll(filepath.Join(top, "other"), 0o700); err != nil {
			t.Fatal(err)
		}
		g.must("git", "add", "-A")
	}
	for _, unborn := range []bool{false, true} {
		if unborn {
			g.must("git", "update-ref", "-d", "HEAD")
		}
		for _, folder := range []string{"", "in a folder", "other"} {
			stage()
			g.repo = filepath.Join(top, folder)
			out, err := g.run(lookKeycare(t), "guard", "check")
			if err == nil {
				t.Errorf("%q passes", folder)
			}
			follow(folder, out)
		}
	}
	// in a hook, which runs at the top
	g.install()
	stage()
	g.repo = filepath.Join(top, "other")
	out, _ := g.run("git", "commit", "-m", "x")
	follow("in the hook", out)
	// what is not in the index cannot be unstaged
	stage()
	out, err := g.run("git", "commit", "-m", "x", "-o", "keep", ":(literal)"+names[0])
	if err == nil || len(hint(out)) > 0 || !strings.Contains(out, "Take it out of the file") {
		t.Errorf("a commit of files: %v %s", err, out)
	}
}
