package credfile

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk"
)

const (
	mendID     = "AKIAZAVB57H55F3T4BKH"
	mendSecret = "SEKRET+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

func mendText(s string) string {
	return strings.NewReplacer("<I>", mendID, "<S>", mendSecret).Replace(s)
}

func TestMend(t *testing.T) {
	const key = "aws_access_key_id = <I>\naws_secret_access_key = <S>\n"
	for _, c := range []struct{ name, before, after string }{
		{"bom", "\ufeff[a]\n" + key, "[a]\n" + key},
		{"header-tail", "[a]\nregion = x\n[b] mine\n" + key, "[a]\nregion = x\n[b] # mine\n" + key},
		{"inline comment of a secret", "[a]\r\naws_access_key_id = <I>\r\naws_secret_access_key = <S>  # mine\r\n",
			"[a]\r\naws_access_key_id = <I>\r\n# mine\r\naws_secret_access_key = <S>\r\n"},
		{"inline comment in the last line", "[a]\n" + key + "region = x ; mine", "[a]\n" + key + "; mine\nregion = x"},
		{"quotes", "[a]\naws_access_key_id = \"<I>\"\naws_secret_access_key = '<S>'\n", "[a]\n" + key},
		{"an unusual space before a secret", "[a]\naws_access_key_id = <I>\naws_secret_access_key =\u00a0<S>\n", "[a]\naws_access_key_id = <I>\naws_secret_access_key =<S>\n"},
		{"quotes that may be meant", "[a]\noutput = \"json\"\n" + key, "[a]\noutput = \"json\"\n" + key},
		{"caps", "[a]\nAWS_Access_Key_ID = <I>\naws_secret_access_key = <S>\n", "[a]\n" + key},
		{"colon", "[a]\naws_access_key_id: <I>\naws_secret_access_key = <S>\n", "[a]\naws_access_key_id= <I>\naws_secret_access_key = <S>\n"},
		{"indented", "[a]\n\taws_access_key_id = <I>\n\taws_secret_access_key = <S>\n", "[a]\n" + key},
		{"a value that goes on", "[a]\naws_access_key_id = <I>\n  x = 1\naws_secret_access_key = <S>\n",
			"[a]\naws_access_key_id = <I>\n  x = 1\naws_secret_access_key = <S>\n"},
		{"equal sections", "[a]\n" + key + "[b]\nregion = x\n[a]\n" + key, "[a]\n" + key + "[b]\nregion = x\n"},
		{"sections that add to one another", "[a]\n" + key + "\n[b]\nregion = y\n[a]\n# mine\nregion = x",
			"[a]\n" + key + "# mine\nregion = x\n\n[b]\nregion = y\n"},
		{"sections that differ", "[a]\n" + key + "region = y\n[a]\nregion = x\n", "[a]\n" + key + "region = y\n[a]\nregion = x\n"},
		{"a carriage return", "[a]\raws_access_key_id = <I>\naws_secret_access_key = <S>\n", "[a]\n" + key},
		{"a carriage return in a comment", "# x\ry = 1\n[a]\n" + key, "# x\n# y = 1\n[a]\n" + key},
		{"a setting above all headers", "region = x\n[a]\n" + key, "# region = x\n[a]\n" + key},
		{"an unusual space", "[a]\naws_access_key_id =\u00a0<I>\naws_secret_access_key = <S>\n", "[a]\naws_access_key_id =<I>\naws_secret_access_key = <S>\n"},
		{"a line below an empty setting", "[a]\n" + key + "s3 =\n  lone\n", "[a]\n" + key + "s3 =\n#   lone\n"},
		{"equal settings", "[a]\n" + key + "aws_access_key_id = <I>\n", "[a]\n" + key},
		{"settings that differ", "[a]\n" + key + "aws_access_key_id = other\n", "[a]\n" + key + "aws_access_key_id = other\n"},
		{"a lone line", "[a]\n<<<<<<< HEAD\n" + key, "[a]\n# <<<<<<< HEAD\n" + key},
		{"several", "\ufeff[a]  old\nAWS_ACCESS_KEY_ID: <I>\naws_secret_access_key = <S> # x\nlone\n",
			"[a]  # old\naws_access_key_id= <I>\n# x\naws_secret_access_key = <S>\n# lone\n"},
		{"tools that read different secrets", "[a]\n\taws_access_key_id = <I>\n\taws_secret_access_key = \"<S>\" # x\nlone\n",
			"[a]\n\taws_access_key_id = <I>\n\taws_secret_access_key = \"<S>\" # x\nlone\n"},
		{"a lone line below a header that the Go SDK does not see",
			"[a]\n" + key + "[b] x\naws_access_key_id = other\naws_secret_access_key = <S>\nlone\n",
			"[a]\n" + key + "[b] x\naws_access_key_id = other\naws_secret_access_key = <S>\nlone\n"},
		{"nothing to do", "# c\n[a]\n" + key, "# c\n[a]\n" + key},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewSet(Paths{Credentials: "credentials"}, mendText(c.before), "")
			after, done, err := s.Mend(func(m Mend) (bool, error) {
				if strings.Contains(m.Diff, "SEKRET") || !strings.Contains(m.Diff, "\n-") || m.What == "" || strings.ContainsAny(m.Diff, "\r\ufeff\u00a0") {
					t.Errorf("diff:\n%s", m.Diff)
				}
				if same := sameShown(m.Diff); same != "" {
					t.Errorf("what is changed does not show in %q:\n%s", same, m.Diff)
				}
				return true, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := after.Credentials.Text; got != mendText(c.after) {
				t.Errorf("got\n%q\nwant\n%q\nby %d repairs", got, mendText(c.after), len(done))
			}
		})
	}
}

// sameShown is a line of a diff that is taken away and put back as it was.
func sameShown(diff string) string {
	lines := strings.Split(diff, "\n")
	for i, line := range lines[1:] {
		if before, ok := strings.CutPrefix(lines[i], "-"); ok && line == "+"+before {
			return line
		}
	}
	return ""
}

func TestRedactLine(t *testing.T) {
	for line, want := range map[string]string{
		"aws_secret_access_key = <S>\r\n":        "aws_secret_access_key = [redacted]",
		"aws_secret_access_key=\"<S>\"":          `aws_secret_access_key="[redacted]"`,
		"aws_secret_access_key = '<S>' # of <S>": `aws_secret_access_key = '[redacted]' # of [redacted]`,
		"aws_secret_access_key = '<S>\" \"<S>'":  `aws_secret_access_key = '[redacted]'`,
		"aws_secret_access_key = # <S>":          "aws_secret_access_key =[redacted]",
		"aws_session_token = \u00a0<S>\u2003":    "aws_session_token = <U+00A0>[redacted]<U+2003>",
		"\ufeffaws_secret_access_key : <S>":      "<BOM>aws_secret_access_key : [redacted]",
		"[a]\rregion = x":                        "[a]<CR>region = x",
		"aws_access_key_id = \"<I>\"":            `aws_access_key_id = "<I>"`,
		"region = \x1b[31mred":                   "region = <U+001B>[31mred",
	} {
		if got := redactLine(mendText(line)); got != mendText(want) {
			t.Errorf("%q: got %q, want %q", line, got, mendText(want))
		}
	}
}

// A repair that is declined is not offered again, and the others are made.
func TestMendDeclined(t *testing.T) {
	text := mendText("[a]\naws_access_key_id: <I>\naws_secret_access_key = <S> # x\n")
	asked := 0
	after, done, err := NewSet(Paths{}, text, "").Mend(func(m Mend) (bool, error) {
		asked++
		return m.Quirk != "colon", nil
	})
	if err != nil || asked != 2 || len(done) != 1 || !strings.Contains(after.Credentials.Text, "key_id: ") || !strings.Contains(after.Credentials.Text, "\n# x\n") {
		t.Errorf("asked %d, done %d, %v: %q", asked, len(done), err, after.Credentials.Text)
	}
}

// FuzzMend: whatever the file, repairs end, show no secret, and leave every
// profile that the AWS CLI read a key from with a key that is no other.
func FuzzMend(f *testing.F) {
	for _, s := range []string{
		"\ufeff[a] x\n AWS_ACCESS_KEY_ID: <I> # c\n aws_secret_access_key = '<S>'\n[a]\nx\n",
		"[a]\naws_access_key_id = <I>\naws_secret_access_key =\n  <S>\n",
		"[default]\n[DEFAULT]\naws_access_key_id = <I>\n x\n[default]\n",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, creds, config string) {
		s := NewSet(Paths{}, mendText(creds), mendText(config))
		after, _, err := s.Mend(func(m Mend) (bool, error) {
			if strings.Contains(m.Diff, mendSecret) {
				t.Errorf("a secret is shown:\n%s", m.Diff)
			}
			return true, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range s.Profiles() {
			was, is := s.CLI(p), after.CLI(p)
			if was.None != "" || strings.ContainsAny(was.Pair.ID+was.Pair.Secret.Reveal()+was.Token.Reveal(), "\"'#; \t") {
				continue
			}
			if !was.same(is) {
				t.Errorf("profile %q: the AWS CLI read %s, now %s", p, was.says(), is.says())
			}
		}
	})
}

func TestRewrite(t *testing.T) {
	dir := t.TempDir()
	paths := Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	text := mendText("\ufeff[a]\naws_access_key_id = <I>\naws_secret_access_key = <S>\n")
	for _, p := range []string{paths.Credentials, paths.Config} {
		if err := os.WriteFile(p, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	w := &Writer{Disk: disk.OS{}, Tag: "fix", Wait: func(context.Context, time.Duration) error { return nil }}
	before, err := Load(disk.OS{}, paths)
	if err != nil {
		t.Fatal(err)
	}
	after := NewSet(paths, strings.TrimPrefix(text, bom), text)
	if err := w.Rewrite(t.Context(), before, after); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(paths.Credentials); string(b) != strings.TrimPrefix(text, bom) {
		t.Errorf("got %q", b)
	}
	if fi, _ := os.Stat(paths.Credentials); runtime.GOOS != "windows" && fi.Mode().Perm()&0o077 != 0 {
		t.Errorf("mode %v", fi.Mode())
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
	// Somebody else wrote since it was read.
	if err := w.Rewrite(t.Context(), before, after); err == nil || !strings.Contains(err.Error(), "changed meanwhile") {
		t.Errorf("got %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}

// Mendable names what Mend offers, and nothing else.
func TestMendable(t *testing.T) {
	s := NewSet(Paths{Credentials: "credentials"}, mendText("[a]\nAWS_ACCESS_KEY_ID = <I>\naws_secret_access_key = <S> # x\n[ b ]\nregion = x\n"), "")
	offered := map[Quirk]bool{}
	_, _, _ = s.Mend(func(m Mend) (bool, error) {
		offered[m.Quirk] = true
		return false, nil
	})
	for d, able := range s.Mendable() {
		if able != offered[d.Quirk] {
			t.Errorf("%s: mendable %v, offered %v", d.Quirk, able, offered[d.Quirk])
		}
	}
	if !offered["caps"] || !offered["inline-comment"] || offered["header-spaces"] {
		t.Errorf("offered %v", offered)
	}
}
