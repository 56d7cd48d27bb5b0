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
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"keycare/credfile/disk"
	"keycare/credfile/pattern"
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

const (
	// taskName is that of a definition for whoever registers it. A user's own has
	// the security ID behind it, for the users of a machine share the names. It is
	// in the root, where every user may make tasks.
	taskName = `\keycare-schedule`
	// oldTaskName was that of all users.
	oldTaskName = `\keycare\schedule`
)

// ownTask is the name of this user's task.
func ownTask(h *Host) string {
	if h.GOOS != "windows" || h.User == "" {
		return taskName
	}
	return taskName + "-" + h.User
}

// task is the definition of a task, in the order of the published schema
// (https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema). The
// order counts within a trigger.
type task struct {
	XMLName     xml.Name `xml:"http://schemas.microsoft.com/windows/2004/02/mit/task Task"`
	SchemaLevel string   `xml:"version,attr"`
	Source      string   `xml:"RegistrationInfo>Source"`
	// Version is a hash of the rest. Task Scheduler gives it back unchanged,
	// whatever it makes of the rest.
	Version     string `xml:"RegistrationInfo>Version"`
	Description string `xml:"RegistrationInfo>Description"`
	// Documentation has the command line in ASCII, if it needs more: what schtasks
	// tells of the rest went through the console's code page.
	Documentation string      `xml:"RegistrationInfo>Documentation,omitempty"`
	Trigger       taskTrigger `xml:"Triggers>CalendarTrigger"`
	Principal     taskUser    `xml:"Principals>Principal"`
	Settings      taskSettings
	Actions       taskActions
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
var expands = pattern.Of(`%[^%]+%|\$\(Arg`)

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
	t.Documentation = inASCII(j.Argv)
	t.Actions.Context = "Author"
	t.Actions.Exec.Command, t.Actions.Exec.Arguments = j.Argv[0], windowsLine(j.Argv[1:])
	for _, s := range []string{t.Actions.Exec.Command, t.Actions.Exec.Arguments} {
		if at := expands().FindString(s); at != "" {
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
	return []File{{"task " + ownTask(h), toUTF16(strings.ReplaceAll(text, "\n", "\r\n")), 0o600}}, nil
}

func toUTF16(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// fromUTF16 decodes what is in UTF-16, and leaves all else as it is. What
// schtasks writes into a pipe is, in spite of what it says, in the console's code
// page, and letters that are not in it are lost.
func fromUTF16(b []byte) string {
	if len(b) >= 2 && (b[0] == 0xff && b[1] == 0xfe || b[1] == 0) {
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(b[2*i:])
		}
		return strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff")
	}
	return fromConsole(b)
}

// inASCII are words that have more than ASCII in them, in ASCII, as Go writes
// them; empty for others.
func inASCII(words []string) string {
	if ascii(strings.Join(words, "")) == strings.Join(words, "") {
		return ""
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.QuoteToASCII(w)
	}
	return strings.Join(quoted, " ")
}

// fromASCII reads what inASCII wrote.
func fromASCII(text string) (words []string) {
	for text != "" {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return nil
		}
		word, _ := strconv.Unquote(quoted) // QuotedPrefix has looked
		words, text = append(words, word), strings.TrimPrefix(text[len(quoted):], " ")
	}
	return words
}

// ascii is what is left of a text in every code page. "?" stands for what is lost.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= utf8.RuneSelf || r == '?' {
			return -1
		}
		return r
	}, s)
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
	// Unless a person has changed it since.
	if words := fromASCII(t.Documentation); ascii(strings.Join(words, " ")) == ascii(strings.Join(j.Argv, " ")) {
		j.Argv = words
	}
	start, err := time.Parse("2006-01-02T15:04:05", t.Trigger.StartBoundary)
	if err == nil {
		j.Minute = start.Minute()
	}
	return j, nil
}

// queryTask returns nil if there is no such task. The words for that are in the
// user's language, so the code counts; a schtasks that does not know /hresult is
// asked for the list of all.
func queryTask(ctx context.Context, h *Host, name string) (*task, error) {
	cannot := func(err error) (*task, error) {
		return nil, fmt.Errorf("cannot ask the Task Scheduler for the task %s: %w", name, err)
	}
	out, err := h.Run(ctx, nil, "schtasks", "/query", "/tn", name, "/hresult", "/xml")
	var failed *RunError
	if errors.As(err, &failed) {
		const noFile, noFolder, denied = 0x80070002, 0x80070003, 0x80070005
		code := uint32(failed.Code)
		switch {
		case code == noFile, code == noFolder, code == denied && name != ownTask(h): // that is another user's
			return nil, nil
		case failed.Code == -1:
			return cannot(err)
		}
		list, listErr := h.Run(ctx, nil, "schtasks", "/query", "/fo", "csv", "/nh")
		if listErr != nil {
			return cannot(err)
		}
		if !strings.Contains(strings.ToLower(fromUTF16(list)), `"`+strings.ToLower(name)+`"`) {
			return nil, nil
		}
		out, err = h.Run(ctx, nil, "schtasks", "/query", "/tn", name, "/xml")
	}
	if err == nil && len(bytes.TrimSpace(out)) == 0 {
		err = errors.New("schtasks says nothing")
	}
	if err != nil {
		return cannot(err)
	}
	t, err := parseTask(out)
	if err != nil { // by its name it is this user's, or nobody's
		t = &task{Principal: taskUser{UserId: strings.TrimPrefix(name, taskName+"-")}}
	}
	return t, nil
}

// ours reports whether a task starts as this user. Task Scheduler may put the name
// of the account in the place of the security ID.
func (t *task) ours(h *Host) bool {
	id := t.Principal.UserId
	return id != "" && (strings.EqualFold(id, h.User) || strings.EqualFold(id, h.Account))
}

// ownTasks are those of this user by their names, the right one first, and what
// this version does not name any more.
func ownTasks(ctx context.Context, h *Host) (names []string, tasks []*task, err error) {
	for _, name := range []string{ownTask(h), taskName, oldTaskName} {
		if slices.Contains(names, name) {
			continue
		}
		t, err := queryTask(ctx, h, name)
		if err != nil {
			return nil, nil, err
		}
		if t != nil && t.ours(h) {
			names, tasks = append(names, name), append(tasks, t)
		}
	}
	return names, tasks, nil
}

func taskFind(ctx context.Context, h *Host) (*Timer, error) {
	names, tasks, err := ownTasks(ctx, h)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	found, t := &Timer{}, tasks[0]
	for _, name := range names {
		found.Where = append(found.Where, "task "+name)
	}
	if len(names) > 1 {
		found.Trouble = append(found.Trouble, fmt.Sprintf(`%s does the same work as %s: "keycare schedule install" leaves one of them`, names[1], names[0]))
	}
	if found.Job, err = taskJob(t); err != nil {
		found.Trouble = append(found.Trouble, "the task cannot be read: "+err.Error())
		return found, nil
	}
	found.Active = t.Settings.Enabled && t.Trigger.Enabled
	if found.Active {
		found.Next = next(h.Now(), found.Job.Minute)
	} else {
		found.Trouble = append(found.Trouble, `the task is switched off: schtasks /change /enable /tn `+names[0])
	}
	// Windows changes the text, so what counts is that the same would be written.
	if files, err := taskFiles(h, found.Job); err == nil && len(names) == 1 && names[0] == ownTask(h) {
		if again, err := parseTask(files[0].Data); err == nil && again.Version == t.Version {
			found.files = files
		}
	}
	return found, nil
}

// taskInstall gives the definition to schtasks in a file. Task Scheduler changes
// a task as a whole or not at all. One with another name goes after that; if it
// stays, taskFind tells.
func taskInstall(ctx context.Context, h *Host, files []File) error {
	if err := h.Disk.MkdirAll(h.Temp, 0o700); err != nil {
		return err
	}
	path := filepath.Join(h.Temp, "schedule-task.xml")
	if err := disk.WriteAtomic(h.Disk, path, path+".new", bytes.Clone(files[0].Data), 0o600); err != nil {
		return err
	}
	_, err := h.Run(ctx, nil, "schtasks", "/create", "/tn", ownTask(h), "/xml", path, "/f")
	if err = errors.Join(err, disk.RemoveIfThere(h.Disk, path)); err != nil {
		return err
	}
	names, _, _ := ownTasks(ctx, h)
	for _, name := range names {
		if name != ownTask(h) {
			_ = deleteTask(ctx, h, name)
		}
	}
	return nil
}

func taskRemove(ctx context.Context, h *Host) error {
	names, _, err := ownTasks(ctx, h)
	for _, name := range names {
		err = errors.Join(err, deleteTask(ctx, h, name))
	}
	return err
}

func deleteTask(ctx context.Context, h *Host, name string) error {
	_, err := h.Run(ctx, nil, "schtasks", "/delete", "/tn", name, "/f")
	return err
}
