package schedule

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"howett.net/plist"

	"keycare/credfile/disk"
)

// Launchd is an agent of the user's session.
const Launchd Kind = "launchd"

func launchd() kind {
	return kind{
		name: Launchd, title: "launchd agent", on: []string{"darwin"},
		render: launchdFiles, find: launchdFind, install: launchdInstall, remove: launchdRemove,
		Traits: Traits{StartsNow: true},
	}
}

const label = "local.keycare.schedule"

// agent is the property list, see launchd.plist(5).
type agent struct {
	Label                  string
	ProgramArguments       []string
	EnvironmentVariables   map[string]string `plist:",omitempty"`
	StartCalendarInterval  []clock
	RunAtLoad              bool
	ProcessType            string
	LowPriorityIO          bool
	Nice                   int
	Umask                  int
	LimitLoadToSessionType string
	// The job has a log of its own, which does not grow for ever. These would.
	StandardOutPath, StandardErrorPath string
}

type clock struct{ Hour, Minute int }

func agentPath(h *Host) string {
	return filepath.Join(h.Home, "Library", "LaunchAgents", label+".plist")
}

// launchdFiles renders the agent. What was missed while the machine slept is
// started once, on waking; what was missed while it was off, at the login
// (RunAtLoad). Aqua: only a session with a screen has the user's keychain and
// shows notices.
func launchdFiles(h *Host, j Job) ([]File, error) {
	a := agent{
		Label: label, ProgramArguments: j.Argv, RunAtLoad: true, ProcessType: "Background", LowPriorityIO: true,
		Nice: 10, Umask: 0o077, LimitLoadToSessionType: "Aqua", StandardOutPath: "/dev/null", StandardErrorPath: "/dev/null",
	}
	for hour := 0; hour < 24; hour += int(every / time.Hour) {
		a.StartCalendarInterval = append(a.StartCalendarInterval, clock{hour, j.Minute})
	}
	for _, v := range j.Env {
		if a.EnvironmentVariables == nil {
			a.EnvironmentVariables = map[string]string{}
		}
		a.EnvironmentVariables[v.Name] = v.Value
	}
	b, err := plist.MarshalIndent(a, plist.XMLFormat, "\t")
	return []File{{agentPath(h), append(b, '\n'), 0o644}}, err
}

// launchdJob reads a job back from the property list.
func launchdJob(b []byte) (Job, error) {
	var a agent
	if _, err := plist.Unmarshal(b, &a); err != nil {
		return Job{}, err
	}
	if len(a.ProgramArguments) == 0 {
		return Job{}, errors.New("no command line")
	}
	j := Job{Argv: a.ProgramArguments, Env: sorted(a.EnvironmentVariables)}
	if len(a.StartCalendarInterval) > 0 {
		j.Minute = a.StartCalendarInterval[0].Minute
	}
	return j, nil
}

func domain(h *Host) string { return "gui/" + strconv.Itoa(h.UID) }

func launchdFind(ctx context.Context, h *Host) (*Timer, error) {
	path := agentPath(h)
	b, err := h.Disk.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t := &Timer{Where: []string{path}, files: []File{{path, b, 0o644}}}
	if t.Job, err = launchdJob(b); err != nil {
		t.Trouble = append(t.Trouble, "the command line in "+path+" cannot be read: "+err.Error())
	}
	if t.Active, err = loaded(ctx, h); err != nil {
		t.Trouble = append(t.Trouble, "launchd does not answer, so it is not known whether the agent is loaded: "+err.Error())
		return t, nil
	}
	if !t.Active {
		t.Trouble = append(t.Trouble, fmt.Sprintf("the agent is not loaded: launchctl bootstrap %s %s", domain(h), shellWord(path)))
		return t, nil
	}
	if len(t.Job.Argv) > 0 {
		t.Next = next(h.Now(), t.Job.Minute)
	}
	return t, nil
}

// loaded asks launchd for the agent. "Could not find service" has had two codes.
func loaded(ctx context.Context, h *Host) (bool, error) {
	const noDomain, noService, noProcess = 112, 113, 3 // without a session on the screen there is no domain
	_, err := h.Run(ctx, nil, "launchctl", "print", domain(h)+"/"+label)
	var failed *RunError
	if errors.As(err, &failed) && (failed.Code == noDomain || failed.Code == noService || failed.Code == noProcess) {
		return false, nil
	}
	return err == nil, err
}

func launchdInstall(ctx context.Context, h *Host, files []File) error {
	was, err := launchdFind(ctx, h)
	if err != nil {
		return err
	}
	undo, err := h.swap(files)
	if err != nil {
		return err
	}
	if err := load(ctx, h); err != nil {
		err = errors.Join(err, undo())
		if was != nil && was.Active {
			if loadErr := load(ctx, h); loadErr != nil {
				err = errors.Join(err, fmt.Errorf("the former agent is not loaded: %w", loadErr))
			}
		}
		return err
	}
	return nil
}

// load loads the agent anew. That it was not loaded is no error, and neither is
// that it was not disabled. launchd goes on unloading after bootout has
// returned, and until then a bootstrap fails with an "Input/output error", so it
// is tried again.
func load(ctx context.Context, h *Host) error {
	_, _ = h.Run(ctx, nil, "launchctl", "bootout", domain(h)+"/"+label)
	_, _ = h.Run(ctx, nil, "launchctl", "enable", domain(h)+"/"+label)
	for try := 1; ; try++ {
		_, err := h.Run(ctx, nil, "launchctl", "bootstrap", domain(h), agentPath(h))
		if err == nil || try == 4 {
			return err
		}
		if waitErr := h.Wait(ctx, time.Duration(try)*time.Second); waitErr != nil {
			return errors.Join(err, waitErr)
		}
	}
}

func launchdRemove(ctx context.Context, h *Host) error {
	// What bootout says of an agent that is not loaded has changed with the versions.
	_, bootoutErr := h.Run(ctx, nil, "launchctl", "bootout", domain(h)+"/"+label)
	if err := disk.RemoveIfThere(h.Disk, agentPath(h)); err != nil {
		return err
	}
	if bootoutErr == nil {
		return nil
	}
	switch still, err := loaded(ctx, h); {
	case err != nil:
		return fmt.Errorf("its file is gone, but launchd does not answer, so it may run until you log out: %w", err)
	case still:
		return fmt.Errorf("the agent is still loaded until you log out: %w", bootoutErr)
	}
	return nil
}
