package schedule

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"keycare/credfile/disk"
)

// Systemd is a timer of the user's own manager.
const Systemd Kind = "systemd"

func systemd() kind {
	return kind{
		name: Systemd, title: "systemd user timer", on: []string{"linux"},
		usable: func(ctx context.Context, h *Host) bool {
			_, err := systemctl(ctx, h, "show-environment")
			return err == nil
		},
		render: systemdFiles, find: systemdFind, install: systemdInstall, remove: systemdRemove,
		Traits: Traits{Logs: "journalctl --user -u keycare"},
	}
}

const (
	unitTimer   = "keycare.timer"
	unitService = "keycare.service"
	// made is the first line of each file that people may come across.
	made = `# Made by "keycare schedule install"; "keycare schedule remove" removes it.` + "\n"
)

func unitDir(h *Host) string { return filepath.Join(h.ConfigHome, "systemd", "user") }

// systemdFiles renders the two units.
//
// The hardening is what a user manager can do that leaves the home folder
// writable (~/.aws may lead anywhere in it), the session's D-Bus within reach,
// and programs such as mfa_command free to run as they are.
func systemdFiles(h *Host, j Job) ([]File, error) {
	var s strings.Builder
	s.WriteString(made + `[Unit]
Description=keycare looks after your AWS keys
Documentation=man:keycare(1)

[Service]
Type=oneshot
ExecStart=` + execStart(j.Argv) + "\n")
	for _, v := range j.Env {
		s.WriteString("Environment=" + unitWord(v.Name+"="+v.Value) + "\n")
	}
	s.WriteString(`# 1 means that the audit found something: no failure of the unit.
SuccessExitStatus=1
# It may wait for a network.
TimeoutStartSec=30min
Nice=10
IOSchedulingClass=idle
UMask=0077
NoNewPrivileges=true
LockPersonality=true
RestrictRealtime=true
RestrictSUIDSGID=true
SystemCallArchitectures=native
`)
	const timer = made + `[Unit]
Description=keycare looks after your AWS keys every four hours
Documentation=man:keycare(1)

[Timer]
OnCalendar=*-*-* 00/4:00:00
# What was missed while the machine was off or asleep is made up for, once.
Persistent=true
# Each machine has its own minute, and keeps it.
RandomizedDelaySec=1h
FixedRandomDelay=true
AccuracySec=5min

[Install]
WantedBy=timers.target
`
	dir := unitDir(h)
	return []File{
		{filepath.Join(dir, unitService), []byte(s.String()), 0o644},
		{filepath.Join(dir, unitTimer), []byte(timer), 0o644},
	}, nil
}

// viaShell starts a program whose path systemd refuses: one with quotes or
// backslashes.
var viaShell = []string{"/bin/sh", "-c", `exec "$0" "$@"`}

func execStart(argv []string) string {
	if strings.ContainsAny(argv[0], `"'\`) {
		argv = slices.Concat(viaShell, argv)
	}
	words := []string{unitWord(argv[0])}
	for _, a := range argv[1:] {
		words = append(words, unitArg(a))
	}
	return strings.Join(words, " ")
}

// systemdJob reads a job back from the service's unit.
func systemdJob(unit string) (Job, error) {
	var j Job
	for line := range strings.Lines(unit) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if name != "ExecStart" && name != "Environment" {
			continue
		}
		words, err := unitWords(value)
		if err != nil {
			return Job{}, err
		}
		if name == "Environment" {
			for _, w := range words {
				name, value, _ := strings.Cut(w, "=")
				j.Env = append(j.Env, Var{name, value})
			}
			continue
		}
		for i, w := range words {
			if i > 0 {
				w = strings.ReplaceAll(w, "$$", "$")
			}
			j.Argv = append(j.Argv, w)
		}
		if n := len(viaShell); len(j.Argv) > n && slices.Equal(j.Argv[:n], viaShell) {
			j.Argv = j.Argv[n:]
		}
	}
	if len(j.Argv) == 0 {
		return Job{}, errors.New("no command line")
	}
	return j, nil
}

func systemctl(ctx context.Context, h *Host, args ...string) ([]byte, error) {
	return h.Run(ctx, nil, slices.Concat([]string{"systemctl", "--user"}, args)...)
}

func systemdFind(ctx context.Context, h *Host) (*Timer, error) {
	t := &Timer{}
	for _, name := range []string{unitService, unitTimer} {
		path := filepath.Join(unitDir(h), name)
		b, err := h.Disk.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			t.Trouble = append(t.Trouble, path+" is missing")
			continue
		}
		if err != nil {
			return nil, err
		}
		t.Where = append(t.Where, path)
		t.files = append(t.files, File{path, b, 0o644})
		if name == unitService {
			if t.Job, err = systemdJob(string(b)); err != nil {
				t.Trouble = append(t.Trouble, "the command line in "+path+" cannot be read: "+err.Error())
			}
		}
	}
	if len(t.Where) == 0 {
		return nil, nil
	}
	out, err := systemctl(ctx, h, "show", unitTimer, "-p", "UnitFileState", "-p", "ActiveState", "-p", "NextElapseUSecRealtime")
	if err != nil {
		t.Trouble = append(t.Trouble, "systemd's user manager does not answer, so it is not known whether the timer is active: "+err.Error())
		return t, nil
	}
	is := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		is[name] = value
	}
	t.Active = is["UnitFileState"] == "enabled" && is["ActiveState"] == "active"
	if !t.Active {
		t.Trouble = append(t.Trouble, "the timer is not switched on: systemctl --user enable --now "+unitTimer)
	}
	// Exec sees to it that this is in UTC. None: the job runs just now.
	if at, err := time.Parse("Mon 2006-01-02 15:04:05 MST", is["NextElapseUSecRealtime"]); err == nil && t.Active {
		t.Next = at.Local()
	}
	return t, nil
}

func systemdInstall(ctx context.Context, h *Host, files []File) error {
	was, err := systemdFind(ctx, h)
	if err != nil {
		return err
	}
	undo, err := h.swap(files)
	if err != nil {
		return err
	}
	for _, args := range [][]string{{"daemon-reload"}, {"enable", unitTimer}, {"restart", unitTimer}} {
		if _, err = systemctl(ctx, h, args...); err != nil {
			break
		}
	}
	if err == nil {
		return nil
	}
	if was == nil {
		unlink(h)
	}
	err = errors.Join(err, undo())
	_, _ = systemctl(ctx, h, "daemon-reload") // best effort: the error that counts is the first
	return err
}

// unlink removes the link by which the timer is enabled. systemctl does that,
// too, where a user manager answers.
func unlink(h *Host) {
	_ = disk.RemoveIfThere(h.Disk, filepath.Join(unitDir(h), "timers.target.wants", unitTimer))
}

func systemdRemove(ctx context.Context, h *Host) error {
	_, disableErr := systemctl(ctx, h, "disable", "--now", unitTimer)
	for _, name := range []string{unitTimer, unitService} {
		if err := disk.RemoveIfThere(h.Disk, filepath.Join(unitDir(h), name)); err != nil {
			return err
		}
	}
	unlink(h)
	// Without a manager there is nothing that could still run the timer.
	if _, err := systemctl(ctx, h, "daemon-reload"); err != nil && disableErr == nil {
		return err
	}
	return nil
}
