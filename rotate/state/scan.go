package state

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"keycare/credfile/disk"
)

// mostScan bounds what is kept of scans, in bytes.
const mostScan = 16 << 20

func (s Folder) foundPath() string { return filepath.Join(s.Dir, "found.json") }

// ReadFound reads which copies of keys the last scan of all usual places found.
func (s Folder) ReadFound(into any) error { return s.readJSON(s.foundPath(), into) }

// SaveFound keeps them for audits and rotations. It must hold no secret.
func (s Folder) SaveFound(v any) error { return s.saveJSON(s.foundPath(), v) }

func (s Folder) lookedPath() string { return filepath.Join(s.Dir, "looked.json") }

// ReadLooked reads which files the last scan of all usual places looked into.
func (s Folder) ReadLooked(into any) error { return s.readJSON(s.lookedPath(), into) }

// SaveLooked keeps them for the timer's next scan. It must hold no secret.
func (s Folder) SaveLooked(v any) error { return s.saveJSON(s.lookedPath(), v) }

func (s Folder) scanPath() string { return filepath.Join(s.Dir, "scan.json") }

// ReadScan reads what the last scan for copies of keys kept.
func (s Folder) ReadScan(into any) error { return s.readJSON(s.scanPath(), into) }

func (s Folder) readJSON(path string, into any) error {
	b, err := s.readOwn(path, mostScan)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// SaveScan keeps what a scan wants to know the next time, readable by its owner
// alone. It must hold no secret.
func (s Folder) SaveScan(v any) error { return s.saveJSON(s.scanPath(), v) }

func (s Folder) saveJSON(path string, v any) error {
	b, err := json.Marshal(v)
	if err == nil && len(b) > mostScan {
		err = fmt.Errorf("it has more than %d bytes", mostScan)
	}
	if err != nil {
		return err
	}
	if err := s.Init(); err != nil {
		return err
	}
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := disk.WriteAtomic(s.Disk, path, path+tempSuffix, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}
