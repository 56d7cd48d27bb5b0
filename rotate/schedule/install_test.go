package schedule

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func noWait(context.Context, time.Duration) error { return nil }

func noPrograms(_ context.Context, _ []byte, argv ...string) ([]byte, error) {
	return nil, &RunError{argv, -1, "", exec.ErrNotFound}
}

// programs are systemctl, crontab, launchctl and schtasks as far as they are
// used: what they remember.
type programs struct {
	t       *testing.T
	tab     []byte // nil: none
	link    string // what enables the timer
	active  bool   // the timer is
	loaded  bool
	tasks   map[string][]byte
	asks    int            // how often schtasks lists all
	noHR    bool           // schtasks does not know /hresult
	refuse  map[string]int // how often a command fails
	noUser  bool           // no user manager
	mangles bool           // crontab changes what it gets
}

func (p *programs) run(_ context.Context, stdin []byte, argv ...string) ([]byte, error) {
	line := strings.Join(argv, " ") + " "
	fail := func(code int, text string) ([]byte, error) {
		return nil, &RunError{argv, code, text, errors.New("exit status")}
	}
	for prefix, n := range p.refuse {
		if n > 0 && strings.HasPrefix(line, prefix) {
			p.refuse[prefix]--
			return fail(5, "refused: Input/output error")
		}
	}
	switch line = strings.TrimSpace(line); {
	case argv[0] == "systemctl" && p.noUser:
		return fail(1, "Failed to connect to bus: No medium found")
	case line == "systemctl --user enable keycare.timer":
		if err := errors.Join(os.MkdirAll(filepath.Dir(p.link), 0o700), os.WriteFile(p.link, nil, 0o600)); err != nil {
			p.t.Error(err)
		}
	case line == "systemctl --user restart keycare.timer":
		p.active = true
	case line == "systemctl --user disable --now keycare.timer":
		p.active = false
		_ = os.Remove(p.link)
	case strings.HasPrefix(line, "systemctl --user show keycare.timer"):
		state := "UnitFileState=disabled\n"
		if _, err := os.Stat(p.link); err == nil {
			state = "UnitFileState=enabled\n"
		}
		if p.active {
			state += "ActiveState=active\nNextElapseUSecRealtime=Thu 2026-03-05 12:40:43 UTC\n"
		}
		return []byte(state), nil
	case strings.HasPrefix(line, "systemctl"):
	case line == "crontab -l" && p.tab == nil:
		return fail(1, "no crontab for dana")
	case line == "crontab -l":
		return p.tab, nil
	case line == "crontab -r":
		p.tab = nil
	case line == "crontab -":
		p.tab = append([]byte{}, stdin...)
		if p.mangles {
			p.tab = append([]byte("# mangled\n"), stdin...)
		}
	case strings.HasPrefix(line, "launchctl bootstrap gui/501 "):
		p.loaded = true
	case strings.HasPrefix(line, "launchctl bootout gui/501/") && p.loaded:
		p.loaded = false
	case strings.HasPrefix(line, "launchctl print gui/501/") && p.loaded, strings.HasPrefix(line, "launchctl enable"):
	case strings.HasPrefix(line, "launchctl"):
		return fail(113, "Could not find service")
	case argv[0] == "schtasks":
		return p.schtasks(argv, fail)
	default:
		p.t.Errorf("what is %q?", line)
	}
	return nil, nil
}

// schtasks has no words for "no such task" that could be read.
func (p *programs) schtasks(argv []string, fail func(int, string) ([]byte, error)) ([]byte, error) {
	name := strings.ToLower(argv[min(3, len(argv)-1)])
	switch there := p.tasks[name] != nil; {
	case argv[1] == "/create":
		b, err := os.ReadFile(argv[5])
		if err != nil {
			p.t.Error(err)
		}
		if p.tasks == nil {
			p.tasks = map[string][]byte{}
		}
		p.tasks[name] = b
	case argv[1] == "/delete" && there:
		delete(p.tasks, name)
	case argv[1] == "/query" && argv[2] == "/fo":
		p.asks++
		list := "\"\\\\Qu\x82 sera\",\"N/A\",\"Ready\"\r\n"
		for name := range p.tasks {
			list += `"` + name + `","N/A","Ready"` + "\r\n"
		}
		return []byte(list), nil
	case p.noHR && slices.Contains(argv, "/hresult"):
		return fail(1, "ERREUR\x85: option")
	case argv[1] == "/query" && !there:
		return fail(0x80070000|2, "ERREUR\x85: syst\x8ame")
	case argv[1] == "/query" && there:
		return []byte(fromUTF16(p.tasks[name])), nil
	default:
		return fail(1, "ERREUR: le fichier")
	}
	return nil, nil
}

// edit changes the only task as a person would.
func (p *programs) edit(old, new string) {
	for name, b := range p.tasks {
		p.tasks[name] = []byte(strings.Replace(fromUTF16(b), old, new, 1))
	}
}

func withPrograms(t *testing.T, goos string) (*Host, *programs) {
	h, p := testHost(t, goos), &programs{t: t, refuse: map[string]int{}}
	h.Run, p.link = p.run, filepath.Join(unitDir(h), "timers.target.wants", unitTimer)
	return h, p
}

// filesBelow lists the files that are left in the home.
func filesBelow(t *testing.T, h *Host) (names []string) {
	t.Helper()
	err := filepath.WalkDir(h.Home, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// of is a system that has the kind.
func of(k Kind) string { return kindOf(k).on[0] }

func TestInstallAndRemove(t *testing.T) {
	for _, k := range Names() {
		k := Kind(k)
		t.Run(string(k), func(t *testing.T) {
			h, p := withPrograms(t, of(k))
			if k == Cron {
				p.tab = []byte("# mine\n")
			}
			ctx := t.Context()
			r, err := h.Install(ctx, k, plainJob)
			if err != nil || r.Same || !r.Timer.Active || r.Timer.Next.IsZero() || len(r.Timer.Trouble) > 0 {
				t.Fatalf("%+v, %v", r, err)
			}
			r, err = h.Install(ctx, k, plainJob)
			if err != nil || !r.Same {
				t.Fatalf("second time: %+v, %v", r, err)
			}
			r, err = h.Install(ctx, k, fullJob)
			if err != nil || r.Same || !slices.Equal(r.Timer.Job.Argv, fullJob.Argv) {
				t.Fatalf("another job: %+v, %v", r, err)
			}
			if found, err := h.Find(ctx); err != nil || len(found) != 1 {
				t.Fatalf("%+v, %v", found, err)
			}
			gone, err := h.Remove(ctx)
			if err != nil || len(gone) != 1 {
				t.Fatalf("%+v, %v", gone, err)
			}
			if gone, err = h.Remove(ctx); err != nil || len(gone) != 0 {
				t.Fatalf("second time: %+v, %v", gone, err)
			}
			if left := filesBelow(t, h); len(left) > 0 {
				t.Errorf("left: %q", left)
			}
			if p.active || p.loaded || len(p.tasks) > 0 || k == Cron && string(p.tab) != "# mine\n" {
				t.Errorf("left: %+v", p)
			}
		})
	}
}

// A timer that somebody switched off is switched on again.
func TestInstallActivates(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		off  func(*programs)
	}{
		{Systemd, func(p *programs) { p.active = false }},
		{Systemd, func(p *programs) { _ = os.Remove(p.link) }},
		{Launchd, func(p *programs) { p.loaded = false }},
		{Task, func(p *programs) {
			p.edit("<AllowStartOnDemand>true</AllowStartOnDemand>\r\n    <Enabled>true", "<Enabled>false")
		}},
	} {
		k, off := c.kind, c.off
		h, p := withPrograms(t, of(k))
		if _, err := h.Install(t.Context(), k, plainJob); err != nil {
			t.Fatal(err)
		}
		off(p)
		found, err := h.Find(t.Context())
		if err != nil || len(found) != 1 || found[0].Active || len(found[0].Trouble) != 1 {
			t.Fatalf("%s: %+v, %v", k, found, err)
		}
		if r, err := h.Install(t.Context(), k, plainJob); err != nil || r.Same || !r.Timer.Active {
			t.Errorf("%s: %+v, %v", k, r, err)
		}
	}
}

// One timer is enough, and it is the new one.
func TestInstallAnotherKind(t *testing.T) {
	h, p := withPrograms(t, "linux")
	for _, k := range []Kind{Cron, Systemd, Cron} {
		r, err := h.Install(t.Context(), k, plainJob)
		if err != nil {
			t.Fatal(err)
		}
		if k == Systemd && (len(r.Removed) != 1 || r.Removed[0].Kind != Cron || p.tab != nil) {
			t.Fatalf("%+v, crontab %q", r, p.tab)
		}
		if found, err := h.Find(t.Context()); err != nil || len(found) != 1 || found[0].Kind != k {
			t.Fatalf("%+v, %v", found, err)
		}
	}
	if left := filesBelow(t, h); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// A task of another version, or one that a person changed, is made anew.
func TestTaskChanged(t *testing.T) {
	h, p := withPrograms(t, "windows")
	for name, c := range map[string][2]string{
		"version": {"<Version>", "<Version>0"}, "arguments": {"schedule run", "schedule walk"}, "start": {"T00:17", "T00:18"},
	} {
		if _, err := h.Install(t.Context(), Task, plainJob); err != nil {
			t.Fatal(err)
		}
		p.edit(c[0], c[1])
		if r, err := h.Install(t.Context(), Task, plainJob); err != nil || r.Same {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// An install that fails leaves all as it was: nothing, or the timer before.
func TestInstallFails(t *testing.T) {
	for _, c := range []struct {
		kind   Kind
		refuse string
		times  int
	}{
		{Systemd, "systemctl --user daemon-reload", 1},
		{Systemd, "systemctl --user enable", 1},
		{Systemd, "systemctl --user restart", 1},
		{Launchd, "launchctl bootstrap", 4},
		{Task, "schtasks /create", 1},
		{Cron, "crontab - ", 1},
	} {
		for _, before := range []bool{false, true} {
			h, p := withPrograms(t, of(c.kind))
			if before {
				if _, err := h.Install(t.Context(), c.kind, plainJob); err != nil {
					t.Fatal(err)
				}
			}
			p.refuse[c.refuse] = c.times
			if _, err := h.Install(t.Context(), c.kind, fullJob); err == nil {
				t.Fatalf("%+v: no error", c)
			}
			found, err := h.Find(t.Context())
			switch {
			case err != nil:
				t.Error(err)
			case !before && (len(found) > 0 || len(filesBelow(t, h)) > 0):
				t.Errorf("%+v: left %+v, %q", c, found, filesBelow(t, h))
			case before && (len(found) != 1 || !found[0].Active || !slices.Equal(found[0].Job.Argv, plainJob.Argv)):
				t.Errorf("%+v: the former timer became %+v", c, found)
			}
		}
	}
}

// launchd needs a moment between two loads.
func TestLaunchdTriesAgain(t *testing.T) {
	h, p := withPrograms(t, "darwin")
	p.refuse["launchctl bootstrap"] = 2
	if r, err := h.Install(t.Context(), Launchd, plainJob); err != nil || !r.Timer.Active {
		t.Errorf("%+v, %v", r, err)
	}
}

// Without a user manager there still is a way to look, and to remove.
func TestSystemdWithoutManager(t *testing.T) {
	h, p := withPrograms(t, "linux")
	if _, err := h.Install(t.Context(), Systemd, plainJob); err != nil {
		t.Fatal(err)
	}
	p.noUser = true
	found, err := h.Find(t.Context())
	if err != nil || len(found) != 1 || found[0].Active || !strings.Contains(found[0].Trouble[0], "does not answer") {
		t.Fatalf("%+v, %v", found, err)
	}
	if gone, err := h.Remove(t.Context()); err != nil || len(gone) != 1 || len(filesBelow(t, h)) > 0 {
		t.Errorf("%+v, %v, left %q", gone, err, filesBelow(t, h))
	}
}

// A unit that a dotfiles manager keeps elsewhere stays a link.
func TestInstallKeepsLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("systemd is not there")
	}
	h, _ := withPrograms(t, "linux")
	target := filepath.Join(h.Home, "dotfiles.service")
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(unitDir(h), unitService)
	if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip("SKIPPED: no links here: ", err)
	}
	if _, err := h.Install(t.Context(), Systemd, plainJob); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(target); err != nil || !strings.Contains(string(b), "ExecStart=") {
		t.Errorf("%q, %v", b, err)
	}
	if fi, err := os.Lstat(link); err != nil || fi.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("%v, %v", fi, err)
	}
}

func TestDefault(t *testing.T) {
	for _, c := range []struct {
		goos   string
		noUser bool
		run    Run
		want   Kind
	}{
		{"darwin", false, nil, Launchd}, {"windows", false, nil, Task}, {"linux", false, nil, Systemd},
		{"linux", true, nil, Cron}, {"freebsd", false, nil, Cron}, {"linux", false, noPrograms, ""},
	} {
		h, p := withPrograms(t, c.goos)
		p.noUser = c.noUser
		if c.run != nil {
			h.Run = c.run
		}
		k, err := h.Default(t.Context())
		if k != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%+v: %q, %v", c, k, err)
		}
		if err != nil && !strings.Contains(err.Error(), "keycare schedule print --kind") {
			t.Error(err)
		}
	}
}

func TestWrongSystem(t *testing.T) {
	h, _ := withPrograms(t, "linux")
	if _, err := h.Install(t.Context(), Launchd, plainJob); err == nil || !strings.Contains(err.Error(), "print --kind launchd") {
		t.Error(err)
	}
}
