package state

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"keycare/credfile/disk"
)

// LastAudit is what the last audit of all profiles that asked AWS found, in
// short, for "keycare" alone to tell. It names no key and no profile.
type LastAudit struct {
	Version int       `json:"version"`
	Time    time.Time `json:"time"`
	// Counts is the number of findings by the name of their severity.
	Counts map[string]int `json:"counts"`
	// Worst is the title of the worst finding's rule; empty if there is none.
	Worst string `json:"worst"`
}

// mostLastAudit bounds the file, in bytes.
const mostLastAudit = 1 << 16

func (s Folder) lastAuditPath() string { return filepath.Join(s.Dir, "audit.json") }

// LastAudit reads it; nil where there was none, or what is there cannot be read:
// the next audit writes it anew.
func (s Folder) LastAudit() *LastAudit {
	l := &LastAudit{}
	b, err := s.readOwn(s.lastAuditPath(), mostLastAudit)
	if err != nil || json.Unmarshal(b, l) != nil || l.Version != 1 || l.Time.IsZero() {
		return nil
	}
	return l
}

// SaveLastAudit writes it, readable by its owner alone.
func (s Folder) SaveLastAudit(l LastAudit) error {
	if err := s.Init(); err != nil {
		return err
	}
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	l.Version = 1
	b, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	if err := disk.WriteAtomic(s.Disk, s.lastAuditPath(), s.lastAuditPath()+tempSuffix, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("cannot write %s: %w", s.lastAuditPath(), err)
	}
	return nil
}
