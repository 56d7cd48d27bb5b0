//go:build unix

package state

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keycare/credfile"
)

// Who can write the state folder can have keys deleted and read secrets: nothing
// in it is read or written.
func TestStateFolderOfOthersIsRefused(t *testing.T) {
	const id = "0123456789ab"
	pair := credfile.Pair{ID: "AKIAQAAAAAAAQAAAAAAA", Secret: credfile.NewSecret(strings.Repeat("s", 40))}
	other := 54321
	for name, spoil := range map[string]func(s Folder) error{
		"the folder is open to others": func(s Folder) error { return os.Chmod(s.Dir, 0o777) },
		"to a group":                   func(s Folder) error { return os.Chmod(s.Dir, 0o770) },
		"sticky all the same":          func(s Folder) error { return os.Chmod(s.Dir, 0o777|os.ModeSticky) },
		"the rotations are open":       func(s Folder) error { return os.Chmod(s.RotationsDir(), 0o707) },
		"the folder above is open":     func(s Folder) error { return os.Chmod(filepath.Dir(s.Dir), 0o777) },
		"the folder is another's":      func(s Folder) error { return os.Chown(s.Dir, other, -1) },
		"the rotations are another's":  func(s Folder) error { return os.Chown(s.RotationsDir(), other, -1) },
		"the folder above is another's": func(s Folder) error {
			return os.Chown(filepath.Dir(s.Dir), other, -1)
		},
		"the rotations are a link": func(s Folder) error {
			return errors.Join(os.Rename(s.RotationsDir(), s.Dir+"-moved"), os.Symlink(s.Dir+"-moved", s.RotationsDir()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := folderOf(t)
			if err := errors.Join(s.Begin(journalOf(id)), s.OpenRecovery(id, pair)); err != nil {
				t.Fatal(err)
			}
			if err := spoil(s); errors.Is(err, os.ErrPermission) {
				t.Skip("only root can give a folder away")
			} else if err != nil {
				t.Fatal(err)
			}
			refused := func(what string, err error) {
				t.Helper()
				var untrusted *Untrusted
				if !errors.As(err, &untrusted) {
					t.Errorf("%s: %v", what, err)
				}
			}
			_, err := s.Journal(id)
			refused("Journal", err)
			_, err = s.Journals()
			refused("Journals", err)
			_, err = s.Rotations()
			refused("Rotations", err)
			_, _, _, err = s.Recovery(id)
			refused("Recovery", err)
			_, err = s.WithoutJournal()
			refused("WithoutJournal", err)
			_, err = s.History()
			refused("History", err)
			refused("Init", s.Init())
			refused("Begin", s.Begin(journalOf("0123456789ac")))
			refused("Save", s.Save(journalOf(id)))
			refused("OpenRecovery", s.OpenRecovery("0123456789ac", pair))
			refused("KeepNew", s.KeepNew(id, pair))
			refused("Sweep", s.Sweep())
			refused("SaveFacts", s.SaveFacts(s.FactCache()))
		})
	}
}

// A link in the place of a file leads nowhere: the secret of a new key would go
// where it points, and what it points to would be taken for a journal.
func TestStateFilesAreNotLinks(t *testing.T) {
	s := folderOf(t)
	const id = "0123456789ab"
	pair := credfile.Pair{ID: "AKIAQAAAAAAAQAAAAAAA", Secret: credfile.NewSecret(strings.Repeat("s", 40))}
	if err := errors.Join(s.Begin(journalOf(id)), s.OpenRecovery(id, pair)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{s.JournalPath(id), s.RecoveryPath(id)} {
		away := filepath.Join(t.TempDir(), "away")
		if err := errors.Join(os.Rename(name, away), os.Symlink(away, name)); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(away)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Journal(id); err == nil {
			t.Error("a journal is read through a link")
		}
		if name == s.RecoveryPath(id) {
			if _, _, _, err := s.Recovery(id); err == nil {
				t.Error("a recovery file is read through a link")
			}
			if err := s.KeepNew(id, pair); err == nil {
				t.Error("a secret is written through a link")
			}
		}
		if after, err := os.ReadFile(away); err != nil || string(after) != string(before) {
			t.Errorf("what the link leads to has changed: %v", err)
		}
	}
	// Nor is one of others, nor one that never ends.
	if err := os.Chmod(s.historyPath(), 0o666); err == nil {
		t.Error("there is a history already")
	}
	if err := os.WriteFile(s.historyPath(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(s.historyPath(), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.History(); err == nil || !strings.Contains(err.Error(), "0666") {
		t.Errorf("a history that others can write: %v", err)
	}
	if err := errors.Join(os.Truncate(s.historyPath(), mostHistory+1), os.Chmod(s.historyPath(), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.History(); err == nil {
		t.Error("a history without end")
	}
}
