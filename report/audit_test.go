package report

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
)

func TestAuditWithoutAnything(t *testing.T) {
	r := Audit(Input{Now: now})
	if r.Worst() != Clean || r.Fails(Info) || r.Files == nil || r.Findings == nil {
		t.Errorf("got %+v", r)
	}
}

func TestFingerprintStays(t *testing.T) {
	text := section("a", keyA, secretA+" # x") + section("b", keyB, secretB, "aws_session_token = "+tokenA)
	prints := func(in Input) map[string]int {
		m := make(map[string]int)
		for _, f := range Audit(in).Findings {
			m[f.Rule+f.Fingerprint]++
			if m[f.Rule+f.Fingerprint] > 1 {
				t.Errorf("two findings have the fingerprint of %+v", f)
			}
		}
		return m
	}
	before, after := prints(input(text, "")), prints(input("# moved\n\n"+text, ""))
	if len(before) < 4 || !reflect.DeepEqual(before, after) {
		t.Errorf("before %v, after %v", before, after)
	}
}

func TestOrder(t *testing.T) {
	in := input(section("b", keyA, secretA+" # x")+section("a", keyOld, secretB), section("profile c", keyB, secretB), mode(1, 0o666))
	r := Audit(in)
	for i := 1; i < len(r.Findings); i++ {
		if compare(r.Findings[i-1], r.Findings[i]) > 0 {
			t.Errorf("finding %d stands before %d", i-1, i)
		}
	}
	if got, want := jsonText(t, Audit(in)), jsonText(t, r); got != want {
		t.Errorf("a second audit gives another report:\n%s\n%s", got, want)
	}
	if r.Worst() != High || !r.Fails(High) || r.Fails(Critical) || r.Fails(AboveAll) {
		t.Errorf("worst is %s", r.Worst())
	}
}

func TestChosenProfiles(t *testing.T) {
	in := input(section("a", keyA, secretA+" # x")+section("b", keyOld, secretB)+section("c", keyA, secretA), "")
	in.Profiles = []string{"a"}
	r := Audit(in)
	if r.Profiles != 1 || r.Keys != 1 || len(of(r, "old-generation-key")) != 0 || len(of(r, "readers-disagree")) != 1 {
		t.Errorf("got %s", jsonText(t, r))
	}
	if fs := of(r, "shared-key"); len(fs) != 1 || !reflect.DeepEqual(fs[0].Profiles, []string{"a", "c"}) {
		t.Errorf("shared key: %+v", fs)
	}
}

func TestOneFindingForEachRejectedFile(t *testing.T) {
	var creds strings.Builder
	for i := range 50 {
		creds.WriteString(section(fmt.Sprint("p", i), keyA, secretA))
	}
	r := Audit(input(creds.String()+"x = \"\nlone line\n", "[profile a]\na lone line\n[profile a]\n"))
	fs := of(r, "file-rejected")
	if len(fs) != 2 || len(of(r, "readers-disagree")) != 0 {
		t.Fatalf("got %+v", fs)
	}
	if !strings.Contains(fs[0].What+fs[1].What, "so does the Go SDK") {
		t.Errorf("the second tool is missing: %q, %q", fs[0].What, fs[1].What)
	}
	// What would reject the file once the first cause is mended is told too.
	if fs := of(r, "file-quirk"); len(fs) != 1 {
		t.Errorf("other causes are missing: %+v", fs)
	}
}

// Lines that went wrong may hold a secret where a name should be.
func TestNoSecretFromBrokenLines(t *testing.T) {
	for _, text := range []string{
		"[a]\n" + tokenA + "\n" + tokenA + "\n",
		"[a]\n" + secretA + "\n",
		"[a]\nx =\n  " + secretA + "\n",
		"[a]\n" + tokenA + "=\n" + tokenA + "=x\n",
		section("a", secretA, keyA),
		section("a", "AKIA"+secretA, secretA),
		"[a]\naws_access_key_id\n= " + secretA + "\n",
		section("a", keyA, secretA+"\n "+secretB),
		section("a", keyA, `"`+secretA+`"`),
		secretA + "\n" + tokenA,
	} {
		r := Audit(input(text, text, func(in *Input) { in.Offline = false }))
		checkNoSecret(t, r)
		if len(r.Findings) == 0 {
			t.Errorf("nothing is found in %q", text)
		}
	}
}

func TestHostileNames(t *testing.T) {
	const name = "a\x1b[2J\u202e'; rm -rf ~"
	r := Audit(input(section(name, keyA, secretA), "", online(aged(100))))
	if fs := of(r, "old-key"); len(fs) != 1 || !strings.HasPrefix(fs[0].Repair.String(), "rename it") {
		t.Errorf("got %+v", fs)
	}
}

// The tools differ in these ways without a quirk of one line, or through a line
// of another profile.
func TestCauses(t *testing.T) {
	for _, c := range []struct {
		desc, creds, config, profile, file string
		line                               int
		what                               string
	}{
		{"token in the config file", section("a", keyA, secretA), "[profile a]\naws_session_token = " + tokenA + "\n",
			"a", testPaths.Config, 2, "the session token in the config file"},
		{"a header that the Go SDK does not see", section("prod", keyA, secretA) + "[dev] junk\n" + strings.TrimPrefix(section("x", keyB, secretB), "[x]\n"), "",
			"prod", testPaths.Credentials, 5, "finds key " + keyB},
		{"[DEFAULT] lends", section("DEFAULT", keyA, secretA) + "[dev]\nregion = x\n", "",
			"dev", testPaths.Credentials, 1, "a section [DEFAULT]"},
		{"half a pair first", "[a]\naws_secret_access_key = " + secretA + "\n", section("profile a", keyB, secretB),
			"a", testPaths.Credentials, 2, "half a key"},
		{"the key's line before another's", section("a", keyA, `"`+secretA+`"`, "region = x # y"), "",
			"a", testPaths.Credentials, 3, "a value in quotes"},
	} {
		t.Run(c.desc, func(t *testing.T) {
			r := Audit(input(c.creds, c.config))
			checkNoSecret(t, r)
			for _, f := range of(r, "readers-disagree") {
				if f.Profiles[0] == c.profile {
					if f.File != c.file || f.Line != c.line || !strings.Contains(f.What, c.what) {
						t.Errorf("got %s:%d %q", f.File, f.Line, f.What)
					}
					return
				}
			}
			t.Errorf("not found: %s", jsonText(t, r))
		})
	}
}

func TestOfflineAuditUsesCachedFacts(t *testing.T) {
	in := input(section("a", keyA, secretA)+section("b", keyB, secretB), "", online(aged(200)))
	in.Offline = true
	r := Audit(in)
	if len(of(r, "old-key")) != 1 || r.Unknown != 1 || len(of(r, "unknown-facts")) != 0 {
		t.Errorf("got %s", jsonText(t, r))
	}
	in.Offline = false
	if r := Audit(in); len(of(r, "unknown-facts")) != 1 || r.Unknown != 1 {
		t.Errorf("a key that was not asked about is not told: %s", jsonText(t, r))
	}
}

func TestRealFolder(t *testing.T) {
	dir := t.TempDir()
	p := credfile.Paths{Credentials: filepath.Join(dir, ".aws", "credentials"), Config: filepath.Join(dir, ".aws", "config")}
	if err := os.Mkdir(filepath.Dir(p.Credentials), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		p.Credentials: section("a", keyA, secretA), p.Credentials + ".bak": section("a", keyA, secretA),
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := Audit(Input{Set: loadSet(t, p), Local: readLocal(p), Offline: true, Now: now})
	checkNoSecret(t, r)
	want := []string{"file-mode", "backup-copy", "static-key"}
	if readLocal(p).GOOS == "windows" {
		want = want[1:]
	}
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Rule)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !reflect.DeepEqual(r.Files, []string{p.Credentials}) {
		t.Errorf("files %v", r.Files)
	}
}

// many returns the text of n profiles, each with a key of its own.
func many(n int) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	var b strings.Builder
	for i := range n {
		tail := make([]byte, 8)
		for j, v := 0, i; j < len(tail); j, v = j+1, v/32 {
			tail[j] = digits[v%32]
		}
		b.WriteString(section(fmt.Sprintf("profile-%d", i), keyA[:12]+string(tail), fmt.Sprintf("%s%034d", secretMark, i)))
	}
	return b.String()
}

func TestLinear(t *testing.T) {
	for _, noise := range []string{"", " # x"} {
		text := strings.ReplaceAll(many(20_000), "\n\n", noise+"\n\n")
		in := input(text, "")
		start := time.Now()
		r := Audit(in)
		// A thousand times slower than measured, so that only a quadratic audit fails.
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("20,000 profiles take %s", d)
		}
		if r.Keys != 20_000 {
			t.Errorf("%d keys", r.Keys)
		}
	}
}

func BenchmarkAudit(b *testing.B) {
	for _, n := range []int{10, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			in := input(many(n), "")
			b.ReportAllocs()
			for b.Loop() {
				Audit(in)
			}
		})
	}
}
