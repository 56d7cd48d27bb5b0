package schedule

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

const tom, ann = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002"

// Each user of a machine has a task.
func TestTaskOfEachUser(t *testing.T) {
	h, p := withPrograms(t, "windows")
	for _, user := range []string{tom, ann} {
		h.User = user
		if found, err := h.Find(t.Context()); err != nil || len(found) > 0 {
			t.Fatalf("%s: %+v, %v", user, found, err)
		}
		if r, err := h.Install(t.Context(), Task, plainJob); err != nil || r.Same || !slices.Equal(r.Timer.Where, []string{`task \keycare-schedule-` + user}) {
			t.Fatalf("%s: %+v, %v", user, r, err)
		}
	}
	if gone, err := h.Remove(t.Context()); err != nil || len(gone) != 1 || len(p.tasks) != 1 || p.tasks[strings.ToLower(`\keycare-schedule-`+tom)] == nil {
		t.Errorf("%+v, %v, left %v", gone, err, slices.Collect(maps.Keys(p.tasks)))
	}
}

// The task of all users that earlier versions made is found by its user and by
// nobody else, and goes with the next install or removal.
func TestTaskOfEarlierVersion(t *testing.T) {
	for _, account := range []string{tom, `DESK\tom`} {
		for _, remove := range []bool{false, true} {
			h, p := withPrograms(t, "windows")
			h.User, h.Account = tom, `Desk\Tom`
			files, err := taskFiles(h, plainJob)
			if err != nil {
				t.Fatal(err)
			}
			old := strings.Replace(fromUTF16(files[0].Data), "<UserId>"+tom, "<UserId>"+account, 1)
			p.tasks = map[string][]byte{oldTaskName: toUTF16("\ufeff" + old)}
			h.User, h.Account = ann, `Desk\Ann`
			if found, err := h.Find(t.Context()); err != nil || len(found) > 0 {
				t.Fatalf("another user: %+v, %v", found, err)
			}
			if gone, err := h.Remove(t.Context()); err != nil || len(gone) > 0 || len(p.tasks) != 1 {
				t.Fatalf("another user: %+v, %v", gone, err)
			}
			h.User, h.Account = tom, `Desk\Tom`
			found, err := h.Find(t.Context())
			if err != nil || len(found) != 1 || !found[0].Active || found[0].Where[0] != "task "+oldTaskName {
				t.Fatalf("%+v, %v", found, err)
			}
			if remove {
				if _, err := h.Remove(t.Context()); err != nil || len(p.tasks) > 0 {
					t.Errorf("%v, left %v", err, p.tasks)
				}
				continue
			}
			if r, err := h.Install(t.Context(), Task, plainJob); err != nil || r.Same || len(p.tasks) != 1 || p.tasks[oldTaskName] != nil {
				t.Errorf("%+v, %v", r, err)
			}
		}
	}
}

// Two of one user are one too many, and the next install says so no more.
func TestTaskTwice(t *testing.T) {
	h, p := withPrograms(t, "windows")
	if _, err := h.Install(t.Context(), Task, plainJob); err != nil {
		t.Fatal(err)
	}
	p.tasks[oldTaskName] = p.tasks[strings.ToLower(ownTask(h))]
	if found, err := h.Find(t.Context()); err != nil || len(found) != 1 || len(found[0].Trouble) != 1 || len(found[0].Where) != 2 {
		t.Fatalf("%+v, %v", found, err)
	}
	if r, err := h.Install(t.Context(), Task, plainJob); err != nil || len(r.Timer.Trouble) > 0 || len(p.tasks) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A path that the console's code page cannot hold, or that comes in another one.
func TestTaskInAnyCodePage(t *testing.T) {
	h, p := withPrograms(t, "windows")
	j := plainJob
	j.Argv = []string{`C:\Users\José 山\keycare.exe`, "schedule", "run", "--rotate", "été"}
	if _, err := h.Install(t.Context(), Task, j); err != nil {
		t.Fatal(err)
	}
	whole := fromUTF16(p.tasks[strings.ToLower(ownTask(h))])
	for name, as := range map[string]string{
		"850": strings.NewReplacer("é", "\x82", "山", "?").Replace(whole), "1252": strings.NewReplacer("é", "\xe9", "山", "?").Replace(whole),
		"lost": strings.NewReplacer("é", "?", "山", "?").Replace(whole), "65001": whole, "UTF-16": string(toUTF16("\ufeff" + whole)),
	} {
		p.tasks[strings.ToLower(ownTask(h))] = []byte(as)
		found, err := h.Find(t.Context())
		if err != nil || len(found) != 1 || !slices.Equal(found[0].Job.Argv, j.Argv) {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
		if r, err := h.Install(t.Context(), Task, j); err != nil || !r.Same {
			t.Errorf("%s: not the same: %v", name, err)
		}
	}
	// One that a person has changed since starts what they wrote.
	p.edit("<Arguments>schedule", "<Arguments>audit")
	if found, err := h.Find(t.Context()); err != nil || found[0].Job.Argv[1] != "audit" {
		t.Errorf("%+v, %v", found, err)
	}
}

// That there is no answer is not that there is no timer.
func TestCannotAsk(t *testing.T) {
	for goos, c := range map[string]struct {
		refuse string
		says   string
		isErr  bool
	}{
		"windows": {"schtasks /query", "cannot ask the Task Scheduler", true},
		"linux":   {"crontab -l", "cannot read your crontab", true},
		"darwin":  {"launchctl print", "not known whether the agent is loaded", false},
	} {
		h, p := withPrograms(t, goos)
		if goos == "darwin" {
			if _, err := h.Install(t.Context(), Launchd, plainJob); err != nil {
				t.Fatal(err)
			}
		}
		p.refuse[c.refuse] = 100
		found, err := h.Find(t.Context())
		said := ""
		if len(found) > 0 {
			said = strings.Join(found[0].Trouble, "; ")
		}
		if err != nil {
			said += err.Error()
		}
		if (err != nil) != c.isErr || !strings.Contains(said, c.says) {
			t.Errorf("%s: %+v, %v", goos, found, err)
		}
		if _, err := h.Install(t.Context(), map[string]Kind{"windows": Task, "linux": Cron, "darwin": Launchd}[goos], plainJob); (err != nil) != c.isErr {
			t.Errorf("%s: install: %v", goos, err)
		}
	}
}

// That the agent is unloaded is not taken for granted.
func TestLaunchdRemoveUnknown(t *testing.T) {
	for refuse, says := range map[string]string{"launchctl print": "may run until you log out", "launchctl nothing": "is still loaded"} {
		h, p := withPrograms(t, "darwin")
		if _, err := h.Install(t.Context(), Launchd, plainJob); err != nil {
			t.Fatal(err)
		}
		p.refuse["launchctl bootout"], p.refuse[refuse] = 1, 2
		if _, err := h.Remove(t.Context()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", refuse, err)
		}
	}
}

// A schtasks without /hresult answers all the same.
func TestTaskWithoutResultCodes(t *testing.T) {
	h, p := withPrograms(t, "windows")
	p.noHR = true
	if found, err := h.Find(t.Context()); err != nil || len(found) > 0 || p.asks == 0 {
		t.Errorf("%+v, %v", found, err)
	}
	p.tasks = map[string][]byte{strings.ToLower(ownTask(h)): []byte("<?xml")}
	found, err := h.Find(t.Context())
	if err != nil || len(found) != 1 || len(found[0].Trouble) != 1 || !strings.Contains(found[0].Trouble[0], "cannot be read") {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := h.Install(t.Context(), Task, plainJob); err != nil {
		t.Error(err)
	}
	if found, err := h.Find(t.Context()); err != nil || len(found) != 1 || !found[0].Active {
		t.Errorf("%+v, %v", found, err)
	}
	var failed *RunError
	p.refuse["schtasks /query"] = 2
	if _, err := h.Find(t.Context()); err == nil || !errors.As(err, &failed) {
		t.Error(err)
	}
}
