package schedule

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"keycare/credfile/disk"
)

// Task is a task of the Windows Task Scheduler.
const Task Kind = "task"

func taskScheduler() kind {
	return kind{
		name: Task, title: "task of the Task Scheduler", on: []string{"windows"},
		render: taskFiles, find: taskFind, install: taskInstall, remove: taskRemove,
		Traits: Traits{NoEnv: true, Late: "up to an hour later"},
	}
}

const taskName = `\keycare\schedule`

// task is the definition of a task, in the order of the published schema
// (https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema). The
// order counts within a trigger.
type task struct {
	XMLName     xml.Name `xml:"http://schemas.microsoft.com/windows/2004/02/mit/task Task"`
	SchemaLevel string   `xml:"version,attr"`
	Source      string   `xml:"RegistrationInfo>Source"`
	// Version is a hash of the rest. Task Scheduler gives it back unchanged,
	// whatever it makes of the rest.
	Version     string      `xml:"RegistrationInfo>Version"`
	Description string      `xml:"RegistrationInfo>Description"`
	Trigger     taskTrigger `xml:"Triggers>CalendarTrigger"`
	Principal   taskUser    `xml:"Principals>Principal"`
	Settings    taskSettings
	Actions     taskActions
}

type taskTrigger struct {
	Enabled       bool
	StartBoundary string
	Repetition    struct {
		Interval, Duration string
		StopAtDurationEnd  bool
	}
	RandomDelay  string
	DaysInterval int `xml:"ScheduleByDay>DaysInterval"`
}

type taskUser struct {
	ID        string `xml:"id,attr"`
	UserId    string `xml:",omitempty"`
	LogonType string
	RunLevel  string
}

type taskSettings struct {
	MultipleInstancesPolicy    string
	DisallowStartIfOnBatteries bool
	StopIfGoingOnBatteries     bool
	AllowHardTerminate         bool
	StartWhenAvailable         bool
	RunOnlyIfNetworkAvailable  bool
	AllowStartOnDemand         bool
	Enabled                    bool
	Hidden                     bool
	ExecutionTimeLimit         string
	Priority                   int
}

type taskActions struct {
	Context string `xml:",attr"`
	Exec    struct {
		Command   string
		Arguments string
	}
}

// expands finds what Task Scheduler would put something else in the place of.
// It knows no way to write such text.
var expands = regexp.MustCompile(`%[^%]+%|\$\(Arg`)

// taskFiles renders the task. InteractiveToken: it runs only while the user is
// logged on, with no password stored, and can show notices.
func taskFiles(h *Host, j Job) ([]File, error) {
	t := task{SchemaLevel: "1.2", Source: "keycare", Description: `keycare looks after your AWS keys. "keycare schedule remove" takes this task away.`}
	t.Trigger.Enabled = true
	// A start in the past: the times of day count.
	t.Trigger.StartBoundary = fmt.Sprintf("2026-01-01T00:%02d:00", j.Minute)
	t.Trigger.Repetition.Interval, t.Trigger.Repetition.Duration = "PT4H", "P1D"
	t.Trigger.RandomDelay, t.Trigger.DaysInterval = "PT1H", 1
	t.Principal = taskUser{ID: "Author", LogonType: "InteractiveToken", RunLevel: "LeastPrivilege"}
	if h.GOOS == "windows" { // else it is meant for another machine, and whoever registers it
		t.Principal.UserId = h.User
	}
	t.Settings = taskSettings{
		MultipleInstancesPolicy: "IgnoreNew", AllowHardTerminate: true, StartWhenAvailable: true,
		RunOnlyIfNetworkAvailable: true, AllowStartOnDemand: true, Enabled: true, ExecutionTimeLimit: "PT1H",
		Hidden:   false, // it would hide the task from its user, and no window
		Priority: 7,     // the default: below normal, and low for the disk
	}
	t.Actions.Context = "Author"
	t.Actions.Exec.Command, t.Actions.Exec.Arguments = j.Argv[0], windowsLine(j.Argv[1:])
	for _, s := range []string{t.Actions.Exec.Command, t.Actions.Exec.Arguments} {
		if at := expands.FindString(s); at != "" {
			return nil, fmt.Errorf("%q: Task Scheduler would replace %q by something else", s, at)
		}
	}
	if n := len(utf16.Encode([]rune(j.Argv[0]))); n > 260 {
		return nil, fmt.Errorf("%q: Task Scheduler takes paths of 260 characters, this has %d", j.Argv[0], n)
	}
	b, err := xml.Marshal(t)
	if err != nil {
		return nil, err
	}
	t.Version = fmt.Sprintf("%x", sha256.Sum256(b))[:12]
	if b, err = xml.MarshalIndent(t, "", "  "); err != nil {
		return nil, err
	}
	// schtasks reads UTF-16 with a byte order mark. It takes no UTF-8, declared or
	// not ("unable to switch the encoding").
	text := "\ufeff" + `<?xml version="1.0" encoding="UTF-16"?>` + "\n" + string(b) + "\n"
	return []File{{"task " + taskName, toUTF16(strings.ReplaceAll(text, "\n", "\r\n")), 0o600}}, nil
}

func toUTF16(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// fromUTF16 decodes what is in UTF-16, and leaves all else as it is. What
// schtasks writes into a pipe is, in spite of what it says, in the console's
// code page; letters that are not in UTF-8 then become "\ufffd".
func fromUTF16(b []byte) string {
	if len(b) >= 2 && (b[0] == 0xff && b[1] == 0xfe || b[1] == 0) {
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(b[2*i:])
		}
		return strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff")
	}
	return strings.ToValidUTF8(string(b), string(utf8.RuneError))
}

func parseTask(b []byte) (*task, error) {
	t := &task{}
	d := xml.NewDecoder(strings.NewReader(strings.TrimSpace(fromUTF16(b))))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // decoded already
	if err := d.Decode(t); err != nil {
		return nil, err
	}
	return t, nil
}

// taskJob reads a job back from a task.
func taskJob(t *task) (Job, error) {
	if t.Actions.Exec.Command == "" {
		return Job{}, errors.New("no command line")
	}
	j := Job{Argv: append([]string{t.Actions.Exec.Command}, windowsWords(t.Actions.Exec.Arguments)...)}
	start, err := time.Parse("2006-01-02T15:04:05", t.Trigger.StartBoundary)
	if err == nil {
		j.Minute = start.Minute()
	}
	return j, nil
}

func taskFind(ctx context.Context, h *Host) (*Timer, error) {
	out, err := h.Run(ctx, nil, "schtasks", "/query", "/tn", taskName, "/xml")
	if errors.Is(err, exec.ErrNotFound) {
		return nil, err
	}
	if err != nil {
		return nil, nil // its words for "no such task" are in the user's language
	}
	found := &Timer{Where: []string{"task " + taskName}}
	t, err := parseTask(out)
	if err == nil {
		found.Job, err = taskJob(t)
	}
	if err != nil {
		found.Trouble = append(found.Trouble, "the task cannot be read: "+err.Error())
		return found, nil
	}
	found.Active = t.Settings.Enabled && t.Trigger.Enabled
	if found.Active {
		found.Next = next(h.Now(), found.Job.Minute)
	} else {
		found.Trouble = append(found.Trouble, `the task is switched off: schtasks /change /enable /tn `+taskName)
	}
	// Windows changes the text, so what counts is that the same would be written.
	if files, err := taskFiles(h, found.Job); err == nil {
		if again, err := parseTask(files[0].Data); err == nil && again.Version == t.Version {
			found.files = files
		}
	}
	return found, nil
}

// taskInstall gives the definition to schtasks in a file. Task Scheduler changes
// a task as a whole or not at all.
func taskInstall(ctx context.Context, h *Host, files []File) error {
	if err := h.Disk.MkdirAll(h.Temp, 0o700); err != nil {
		return err
	}
	path := filepath.Join(h.Temp, "schedule-task.xml")
	if err := disk.WriteAtomic(h.Disk, path, path+".new", bytes.Clone(files[0].Data), 0o600); err != nil {
		return err
	}
	_, err := h.Run(ctx, nil, "schtasks", "/create", "/tn", taskName, "/xml", path, "/f")
	return errors.Join(err, disk.RemoveIfThere(h.Disk, path))
}

func taskRemove(ctx context.Context, h *Host) error {
	_, err := h.Run(ctx, nil, "schtasks", "/delete", "/tn", taskName, "/f")
	return err
}
