package state

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/facts"
)

// journalOf is a journal as a rotation begins it.
func journalOf(id string) *Journal {
	return &Journal{Version: 1, ID: id, Profile: "p", UserName: "dev", Old: "AKIAQAAAAAAAQAAAAAAA", Before: []string{"AKIAQAAAAAAAQAAAAAAA"},
		User:   facts.Identity{ARN: "arn:aws:iam::123456789012:user/dev", UserID: "AIDAQAAAAAAAAAAAAAAAA", Account: "123456789012"},
		Paths:  credfile.Paths{Credentials: filepath.Join(os.TempDir(), "credentials"), Config: filepath.Join(os.TempDir(), "config")},
		Places: []Section{{Kind: credfile.CredentialsFile, Profile: "p"}}, Retire: Delete,
		Started: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)}
}

func folderOf(t *testing.T) Folder {
	t.Helper()
	s := Folder{Dir: filepath.Join(t.TempDir(), "state"), Disk: disk.OS{}}
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	return s
}

// A journal that keycare has not written as it stands is damaged: one with no
// places made a run that never ended, one with a path in the user's ID a file
// outside the folder, a watch without sends a panic.
func TestJournalIsValidated(t *testing.T) {
	s := folderOf(t)
	const id = "0123456789ab"
	if err := s.Begin(journalOf(id)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(s.JournalPath(id))
	if err != nil {
		t.Fatal(err)
	}
	if j, err := s.Journal(id); err != nil || j == nil {
		t.Fatal(err)
	}
	const secret = "AKIAQAAAAAAAQAAAAAAA,wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzzzzz"
	for name, change := range map[string]map[string]any{
		"another ID":          {"id": "0123456789ac"},
		"no version":          {"version": 0},
		"no places":           {"places": []any{}},
		"a place of no kind":  {"places": []any{map[string]any{"kind": "elsewhere", "profile": "p"}}},
		"a place of no name":  {"places": []any{map[string]any{"kind": 0, "profile": ""}}},
		"a path in a user ID": {"user": map[string]any{"arn": "arn:aws:iam::1:user/x", "account": "123456789012", "user_id": "../../../x"}},
		"no account":          {"user": map[string]any{"arn": "arn:aws:iam::1:user/x", "account": "", "user_id": "AIDAQAAAAAAAAAAAAAAAA"}},
		"a user of no name":   {"user_name": ""},
		"a relative path":     {"paths": map[string]any{"credentials": "credentials", "config": "config"}},
		"a path that climbs":  {"paths": map[string]any{"credentials": "/a/../credentials", "config": "/a/config"}},
		"more than a key ID":  {"old": secret},
		"no key ID":           {"old": ""},
		"a new key of words":  {"new": "the new one"},
		"a key before":        {"keys_before": []any{secret}},
		"an unknown decision": {"direction": "delete"},
		"a watch of nothing":  {"direction": "watch"},
		"a grace of no key":   {"direction": "grace", "grace_ends": "2026-11-03T10:00:00Z"},
		"an unknown end":      {"retirement": "burn"},
		"no start":            {"started": "0001-01-01T00:00:00Z"},
		"a send backwards":    {"sends": []any{map[string]any{"from": "2026-11-03T10:00:00Z", "to": "2026-11-02T10:00:00Z"}}},
		"a negative grace":    {"grace": -1},
		"a wrong type":        {"places": "all"},
		"a leak and a grace":  {"compromised": true, "grace": 1},
		"an end of no leak":   {"old_key_off_at": "2026-11-03T10:00:00Z"},
		"a report of no leak": {"report_owed": true, "direction": "retire"},
		"a report of no end":  {"report_owed": true, "compromised": true, "old_key_off_at": "2026-11-03T10:00:00Z"},
	} {
		doc := map[string]any{}
		if err := json.Unmarshal(whole, &doc); err != nil {
			t.Fatal(err)
		}
		for k, v := range change {
			doc[k] = v
		}
		b, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.JournalPath(id), b, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := s.Journal(id)
		if err == nil || j != nil {
			t.Errorf("%s: taken for a journal", name)
			continue
		}
		if strings.Contains(err.Error(), "wJalr") {
			t.Errorf("%s: shows what is in it: %v", name, err)
		}
	}
	if err := s.Begin(&Journal{ID: id}); err == nil {
		t.Error("a journal was begun that no later run would take up")
	}
}

// A keycare that knows nothing of leaked keys must not go on with the rotation of one.
func TestLeakedJournalIsOfALaterVersion(t *testing.T) {
	s := folderOf(t)
	for compromised, version := range map[bool]int{false: 2, true: 3} {
		j := journalOf("0123456789ab")
		j.Compromised = compromised
		if err := s.Save(j); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Journal(j.ID); err != nil || got.Version != version || got.Compromised != compromised {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// What a later version wrote beside what this one knows survives a save here.
func TestUnknownFieldsAreKept(t *testing.T) {
	s := folderOf(t)
	const id = "0123456789ab"
	if err := s.Save(journalOf(id)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(s.JournalPath(id))
	if err != nil {
		t.Fatal(err)
	}
	b = append(b[:len(b)-3], []byte(`,"later":{"a":[1,"x"]}}`)...)
	if err := os.WriteFile(s.JournalPath(id), b, 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := s.Journal(id)
	if err != nil {
		t.Fatal(err)
	}
	j.Direction = Undo
	if err := s.Save(j); err != nil {
		t.Fatal(err)
	}
	again, err := s.Journal(id)
	if err != nil || again.Direction != Undo || len(again.unknown) != 1 {
		t.Errorf("got %+v, %v", again, err)
	}
	line := `{"id":"later","kind":"of a later version","more":{"x":1}}` + "\nnot JSON at all\n"
	if err := os.WriteFile(s.historyPath(), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.AddHistory(History{ID: "new"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(s.historyPath()); err != nil || !strings.HasPrefix(string(b), line) || strings.Count(string(b), "\n") != 3 {
		t.Errorf("got %s, %v", b, err)
	}
}
