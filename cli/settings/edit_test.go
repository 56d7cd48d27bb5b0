package settings

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"gopkg.in/ini.v1"
)

// iniTexts are settings files as people write them.
var iniTexts = map[string]string{
	"empty":          "",
	"plain":          "max_age = 30d\nfail_on = low\n",
	"no last end":    "max_age = 30d",
	"blank lines":    "\n\nmax_age = 30d\n\n\n",
	"comments":       "# mine\nmax_age = 30d ; short\n\n; about the bait\n[never_call]\nprofiles = bait, \"x y\" # two\n\n# the end\n",
	"CRLF":           "max_age = 30d\r\n\r\n[never_call]\r\nprofiles = bait\r\n",
	"CRLF, no end":   "max_age = 30d\r\n[never_call]\r\nprofiles = bait",
	"mixed ends":     "max_age = 30d\r\nfail_on = low\n[never_call]\nprofiles = a\r\n",
	"byte order":     "\ufeffmax_age = 30d\n",
	"colons":         "max_age: 30d\nfail_on:low\n",
	"indented":       "  max_age = 30d\n\t[never_call]\n\tprofiles = x\n",
	"other ones":     "[exception a]\nrule = old-key\nreason = x\nuntil = 2027-01-01\n\n[exception b c]\nprofile = p\nreason = `y; z`\nuntil = 2027-01-02\n# tail\n",
	"in the middle":  "[exception mine]\nrule = root-key\nreason = before\nuntil = 2027-01-01\n\n# about b\n[exception b]\nprofile = p\nreason = y\nuntil = 2027-01-02\n",
	"first, with it": "\ufeff[exception mine]\nrule = root-key\nreason = before\nuntil = 2027-01-01\n",
	"odd spaces":     "[exception   mine]\nrule   =   root-key\n\nreason=before\nuntil\t=\t2027-01-01\n\n\n[never_call]\n",
	"severity":       "[severity]\nold-key = low\n[exception mine]\nkey = AKIAZAVB57H55F3T4BKH\nreason = k\nuntil = 2027-01-01\n; last",
}

func TestPutAndDrop(t *testing.T) {
	const path = "/x/keycare.ini"
	until := time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)
	reasons := []string{
		"plain", "migration; ticket 12", "# 1", "issue #7", "say \"so\"", "\"quoted\"", "it's", "'single'", "a = b: c", "[exception x]", "%(max_age)s", "$HOME ${HOME}",
		"ends with \\", "päd 日本", "\\# \\;", "x ` y",
	}
	file := "/home/u/a; b"
	if runtime.GOOS == "windows" {
		file = `C:\Users\u\a; b`
	}
	for name, text := range iniTexts {
		if _, err := read(path, text, known); err != nil {
			t.Fatalf("%s: the case itself: %v", name, err)
		}
		for _, reason := range reasons {
			e := Exception{Name: "mine", Rule: "old-key", Profile: "p #1", Fingerprint: strings.Repeat("ab", 16), File: file, Reason: reason, Until: until}
			got, err := Put(path, text, e, "a finding; with = and [x]", known)
			if err != nil {
				t.Errorf("%s, %s: %v", name, reason, err)
				continue
			}
			// Another reader has the same, and all that was there.
			f, err := ini.LoadSources(ini.LoadOptions{IgnoreContinuation: true, PreserveSurroundedQuote: true}, []byte(got))
			if err != nil {
				t.Fatalf("%s, %s: %v", name, reason, err)
			}
			s := f.Section("exception mine")
			for _, sec := range f.SectionStrings() {
				if strings.Fields(sec)[0] == "exception" && strings.HasSuffix(sec, " mine") {
					s = f.Section(sec)
				}
			}
			for key, want := range map[string]string{"reason": reason, "profile": e.Profile, "file": e.File, "until": "2027-03-31", "rule": "old-key"} {
				if got := s.Key(key).Value(); got != want {
					t.Errorf("%s, %s: %s is %q", name, reason, key, got)
				}
			}
			// What is not its own section is there, byte by byte.
			own, _ := ownBytes(path, got, "mine")
			rest := got[:own.Start] + got[own.End:]
			if old, had := ownBytes(path, text, "mine"); had {
				if rest != text[:old.Start]+text[old.End:] {
					t.Errorf("%s, %s: other bytes changed: %q", name, reason, rest)
				}
			} else if trimmed := strings.TrimPrefix(rest, text); !strings.HasPrefix(rest, text) || strings.Trim(trimmed, "\r\n") != "" || len(trimmed) > 4 {
				t.Errorf("%s, %s: other bytes changed: %q", name, reason, rest)
			}
			if crlf := strings.Contains(text, "\r\n"); crlf && strings.HasPrefix(name, "CRLF") && strings.Count(got, "\n") != strings.Count(got, "\r\n") {
				t.Errorf("%s, %s: line ends are mixed: %q", name, reason, got)
			}
			if again, err := Put(path, got, e, "a finding; with = and [x]", known); err != nil || again != got {
				t.Errorf("%s, %s: a second time: %v %q", name, reason, err, again)
			}
			back, err := Drop(path, got, "mine", known)
			if _, left := ownBytes(path, back, "mine"); err != nil || left {
				t.Errorf("%s, %s: %v %q", name, reason, err, back)
			}
			if _, had := ownBytes(path, text, "mine"); !had && back != text && strings.TrimRight(back, "\r\n") != strings.TrimRight(text, "\r\n") {
				t.Errorf("%s, %s: removed, it is %q", name, reason, back)
			}
		}
	}
}

func TestPutRefuses(t *testing.T) {
	good := Exception{Name: "mine", Rule: "old-key", Reason: "x", Until: time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)}
	for want, change := range map[string]func(e *Exception) string{
		"reason: it must be one line":  func(e *Exception) string { e.Reason = "a\nrule = b"; return "" },
		"reason: it cannot have a `":   func(e *Exception) string { e.Reason = "a ` b; c"; return "" },
		"cannot be the name":           func(e *Exception) string { e.Name = "a]\n[b"; return "" },
		"would not read back as meant": func(e *Exception) string { e.Rule = "no-rule"; return "" },
		"there is no setting":          func(*Exception) string { return "max_agee = 3d\n" },
		"a second section":             func(*Exception) string { return "[never_call]\n[never_call]\n" },
	} {
		e := good
		text := change(&e)
		if got, err := Put("/x/keycare.ini", text, e, "", known); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v %q", want, err, got)
		}
	}
	if _, err := Drop("/x/keycare.ini", "max_age = 3d\n", "mine", known); err == nil || !strings.Contains(err.Error(), `has no exception "mine"`) {
		t.Errorf("got %v", err)
	}
}

func FuzzPut(f *testing.F) {
	for _, text := range iniTexts {
		f.Add(text, "a; reason")
	}
	f.Fuzz(func(t *testing.T, text, reason string) {
		old, err := read("k.ini", text, known)
		if err != nil || strings.TrimSpace(reason) != reason || reason == "" {
			return
		}
		e := Exception{Name: "mine", Rule: "old-key", Reason: reason, Until: time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)}
		got, err := Put("k.ini", text, e, "", known)
		if err != nil {
			return // refused, and nothing is written
		}
		now, err := read("k.ini", got, known)
		if err != nil || now.MaxAge != old.MaxAge || now.FailOn != old.FailOn {
			t.Fatalf("%v: %q", err, got)
		}
		own, ok := ownBytes("k.ini", got, "mine")
		before, had := ownBytes("k.ini", text, "mine")
		if rest := got[:own.Start] + got[own.End:]; !ok || had && rest != text[:before.Start]+text[before.End:] || !had && !strings.HasPrefix(rest, text) {
			t.Fatalf("other bytes changed: %q", got)
		}
	})
}
