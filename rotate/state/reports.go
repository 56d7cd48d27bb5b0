package state

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"keycare/credfile/disk"
)

// maxAudits bounds the list of audits, in lines; mostAudits in bytes, and
// mostReport the report.
const (
	maxAudits  = 400
	mostAudits = 4 << 20
	mostReport = 64 << 20
)

// ReportPath is the report of the timer's last audit.
func (s Folder) ReportPath() string { return filepath.Join(s.Dir, "report.json") }

func (s Folder) auditsPath() string { return filepath.Join(s.Dir, "audits.jsonl") }

// Report is the report of the timer's last audit; nil where there is none.
func (s Folder) Report() ([]byte, error) {
	b, err := s.readOwn(s.ReportPath(), mostReport)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Audits are the lines about the timer's audits, the latest last.
func (s Folder) Audits() ([][]byte, error) {
	b, err := s.readOwn(s.auditsPath(), mostAudits)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return bytes.Split(bytes.TrimSpace(b), []byte("\n")), nil
}

// KeepReport keeps the report of an audit and a line about it. A list of audits
// that cannot be read begins anew.
func (s Folder) KeepReport(report, line []byte) error {
	if err := s.Init(); err != nil {
		return err
	}
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	lines, err := s.Audits()
	if err != nil {
		lines = nil
	}
	lines = append(lines, bytes.TrimSpace(line))
	lines = lines[max(0, len(lines)-maxAudits):]
	list := append(bytes.Join(lines, []byte("\n")), '\n')
	for over := len(list) - mostAudits; over > 0; over = len(list) - mostAudits {
		list = list[over+bytes.IndexByte(list[over:], '\n')+1:]
	}
	for _, f := range []struct {
		path string
		text []byte
	}{{s.auditsPath(), list}, {s.ReportPath(), report}} {
		if err := disk.WriteAtomic(s.Disk, f.path, f.path+tempSuffix, f.text, 0o600); err != nil {
			return fmt.Errorf("cannot keep the audit: %w", err)
		}
	}
	return nil
}
