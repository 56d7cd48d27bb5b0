package state

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"keycare/credfile/disk"
)

// mostScan bounds what is kept of scans, in bytes.
const mostScan = 16 << 20

func (s Folder) scanPath() string { return filepath.Join(s.Dir, "scan.json") }

// ReadScan reads what the last scan for copies of keys kept.
func (s Folder) ReadScan(into any) error {
	b, err := s.readOwn(s.scanPath(), mostScan)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// SaveScan keeps what a scan wants to know the next time, readable by its owner
// alone. It must hold no secret.
func (s Folder) SaveScan(v any) error {
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
	if err := disk.WriteAtomic(s.Disk, s.scanPath(), s.scanPath()+tempSuffix, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("cannot write %s: %w", s.scanPath(), err)
	}
	return nil
}
