package schedule

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func block(t testing.TB, j Job) []byte {
	t.Helper()
	files, err := cronFiles(nil, j)
	if err != nil {
		t.Fatal(err)
	}
	return files[0].Data
}

// crontabs are those of other people, which have to stay as they are.
var crontabs = []string{
	"",
	"# mine\n",
	"no line end",
	"0 5 * * * backup\r\n1 6 * * * other\r\n",
	"MAILTO=dana@example.com\nSHELL=/bin/bash\n\n*/5 * * * * date +\\%s\n\n\n",
	"\n",
	"# keycare schedule: beginning to think\n# keycare schedule: endless\n",
	"\xff\xfe bytes\n",
	"last line ends with CR\r",
}

// After an install and a remove not a byte is different, and in between nothing
// but the block was added.
func TestCronBytes(t *testing.T) {
	for _, text := range crontabs {
		with, err := cronWith([]byte(text), block(t, plainJob))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(with), text) || !strings.HasSuffix(string(with), cronEnd+"\n") || bytes.Count(with, []byte(cronNote)) != 1 {
			t.Errorf("%q became %q", text, with)
		}
		other, err := cronWith(with, block(t, fullJob))
		if err != nil || bytes.Count(other, []byte(cronNote)) != 1 || !strings.HasPrefix(string(other), text) || !strings.Contains(string(other), "deactivate") {
			t.Errorf("%q became %q, %v", with, other, err)
		}
		if without, err := cronWith(other, nil); err != nil || string(without) != text {
			t.Errorf("%q became %q, %v", text, without, err)
		}
		// Lines that came after the block stay, and stay lines.
		after := append(slices.Clone(with), "0 1 * * * later\n"...)
		want := text + "0 1 * * * later\n"
		if text != "" && !strings.HasSuffix(text, "\n") {
			want = text + "\n0 1 * * * later\n"
		}
		if without, err := cronWith(after, nil); err != nil || string(without) != want {
			t.Errorf("%q became %q, %v", after, without, err)
		}
	}
}

func TestCronDamaged(t *testing.T) {
	whole := string(block(t, plainJob))
	begin, rest, _ := strings.Cut(whole, "\n")
	for name, text := range map[string]string{
		"no end":       begin + "\n0 5 * * * backup\n",
		"no beginning": rest,
		"twice":        whole + whole,
		"inside out":   cronEnd + "\n" + begin + "\n",
		"nested":       begin + "\n" + whole,
	} {
		h, p := withPrograms(t, "linux")
		p.tab = []byte("a\n" + text)
		if _, err := h.Install(t.Context(), Cron, plainJob); err == nil || !strings.Contains(err.Error(), "crontab -e") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := h.Remove(t.Context()); err == nil || !strings.Contains(err.Error(), "crontab -e") {
			t.Errorf("%s: %v", name, err)
		}
		if string(p.tab) != "a\n"+text {
			t.Errorf("%s: became %q", name, p.tab)
		}
	}
}

// An editor that changes line ends makes no new block of the old one.
func TestCronCRLF(t *testing.T) {
	h, p := withPrograms(t, "linux")
	p.tab = bytes.ReplaceAll(append([]byte("# mine\n"), block(t, plainJob)...), []byte("\n"), []byte("\r\n"))
	found, err := h.Find(t.Context())
	if err != nil || len(found) != 1 || !slices.Equal(found[0].Job.Argv, plainJob.Argv) {
		t.Fatalf("%+v, %v", found, err)
	}
	if _, err := h.Remove(t.Context()); err != nil || string(p.tab) != "# mine\r\n" {
		t.Errorf("%q, %v", p.tab, err)
	}
}

// A line that a person changed is reported, and replaced by the next install.
func TestCronByHand(t *testing.T) {
	for _, line := range []string{
		"@daily keycare schedule run\n",
		"17 */4 * * * umask 077; exec nice -n 10 keycare schedule run >/dev/null\n",
		"17 */4 * * * umask 077; exec nice -n 10 \"$HOME/keycare\" schedule run\n",
		"",
		"1 */4 * * * exec keycare\n2 */4 * * * exec keycare\n",
	} {
		h, p := withPrograms(t, "linux")
		p.tab = []byte(cronBegin + "\n" + line + cronEnd + "\n")
		found, err := h.Find(t.Context())
		if err != nil || len(found) != 1 || found[0].Active || len(found[0].Trouble) != 1 {
			t.Fatalf("%q: %+v, %v", line, found, err)
		}
		if r, err := h.Install(t.Context(), Cron, plainJob); err != nil || !r.Timer.Active || r.Same {
			t.Errorf("%q: %+v, %v", line, r, err)
		}
	}
}

// crontab must have taken what it was given, and nothing may be lost that
// another program wrote in between.
func TestCronWrite(t *testing.T) {
	h, p := withPrograms(t, "linux")
	p.mangles = true
	if _, err := h.Install(t.Context(), Cron, plainJob); err == nil || !strings.Contains(err.Error(), "is not what was written") {
		t.Error(err)
	}
	h, p = withPrograms(t, "linux")
	reads := 0
	h.Run = func(ctx context.Context, in []byte, argv ...string) ([]byte, error) {
		if argv[0] == "crontab" && argv[1] == "-l" {
			if reads++; reads == 3 { // Find, cronChange, cronWrite
				p.tab = []byte("# another program\n")
			}
		}
		return p.run(ctx, in, argv...)
	}
	if _, err := h.Install(t.Context(), Cron, plainJob); err == nil || !strings.Contains(err.Error(), "try again") || string(p.tab) != "# another program\n" {
		t.Errorf("%v, %q", err, p.tab)
	}
}

// Who may not use crontab has no timer in it, and a crontab that cannot be read
// is never written.
func TestCronUnreadable(t *testing.T) {
	for text, fine := range map[string]bool{
		"no crontab for dana": true, "crontab: can't open 'dana': No such file or directory": true,
		"sh: 3: /usr/libexec/crontab.real: No such file or directory": false, "/var/spool/cron/tabs: No such file or directory": false,
		"You (dana) are not allowed to use this program (crontab)": true, "must be suid root": false,
	} {
		h, _ := withPrograms(t, "linux")
		h.Run = func(_ context.Context, _ []byte, argv ...string) ([]byte, error) {
			if slices.Equal(argv, []string{"crontab", "-l"}) {
				return nil, &RunError{argv, 1, text, errors.New("exit status 1")}
			}
			if argv[0] == "crontab" {
				t.Errorf("%q: wrote", text)
			}
			return nil, nil
		}
		if found, err := h.Find(t.Context()); len(found) != 0 || (err == nil) != fine {
			t.Errorf("%q: %+v, %v", text, found, err)
		}
		if !fine {
			if _, err := h.Install(t.Context(), Cron, plainJob); err == nil {
				t.Errorf("%q: no error", text)
			}
		}
	}
}
