package report

import (
	"fmt"
	"strings"
	"testing"
)

// What is lost on a tool is told wherever it stands, not only beside a key.
func TestQuirksWithoutKeys(t *testing.T) {
	const key = "[profile keep]\nregion = x\n"
	for _, c := range []struct {
		config, what string
		line         int
	}{
		{"[work]\nregion = x\n[other]\nregion = y\n", `a header without "profile" in the config file, [work]`, 1},
		{"[default]\nregion = x\n[profile default]\nregion = y\n", "both [default] and [profile default]", 3},
		{"[profile  work]\nregion = x\n", "more than one space", 1},
		{"[profile work]\nregion = \"x\"\n", "a value in quotes", 2},
	} {
		in := input("", c.config+key)
		r := Audit(in)
		found := false
		for _, f := range of(r, "file-quirk") {
			found = found || strings.HasPrefix(f.What, c.what) && f.Line == c.line && f.Severity == Low
		}
		if !found {
			t.Errorf("%q: got %s", c.config, jsonText(t, r))
		}
		in.Profiles = []string{"keep"}
		if fs := of(Audit(in), "file-quirk"); len(fs) > 0 {
			t.Errorf("%q is told to who asked for another profile: %+v", c.config, fs)
		}
	}
	if fs := of(Audit(input("", "[work]\n[other]\n")), "file-quirk"); len(fs) != 2 {
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
