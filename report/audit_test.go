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
	"keycare/credfile/disk"
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
	r := Audit(Input{Set: loadSet(t, p), AWSFiles: readAWSFiles(p), KeyFiles: readKeyFiles(p), Offline: true, Now: now})
	checkNoSecret(t, r)
	want := []string{"file-mode", "backup-copy", "static-key"}
	if readAWSFiles(p).GOOS == "windows" { // the folder of tests is its user's
		if err := (disk.OS{}).Chmod(p.Credentials, 0o600); err != nil {
			t.Fatal(err)
		}
		r = Audit(Input{Set: loadSet(t, p), AWSFiles: readAWSFiles(p), KeyFiles: readKeyFiles(p), Offline: true, Now: now})
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

// An audit of thousands of profiles ends. The time only stops one that does not;
// BenchmarkAudit measures.
func TestLinear(t *testing.T) {
	n := 20_000
	if testing.Short() {
		n = 5_000
	}
	for _, noise := range []string{"", " # x"} {
		in := input(strings.ReplaceAll(many(n), "\n\n", noise+"\n\n"), "")
		keys := make(chan int, 1)
		go func() { keys <- Audit(in).Keys }()
		select {
		case got := <-keys:
			if got != n {
				t.Errorf("%d keys", got)
			}
		case <-time.After(5 * time.Minute):
			t.Fatal("it does not end")
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
