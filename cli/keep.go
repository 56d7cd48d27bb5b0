package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"keycare/cli/settings"
	"keycare/credfile/disk"
	"keycare/report"
	"keycare/report/format"
)

// This file is about the reports that the timer keeps: the last one, a line for
// each audit before it, and those that the settings name.

// keptAudit is the line about an audit in the state folder.
type keptAudit struct {
	report.Point
	Run      string   `json:"run"`
	Complete bool     `json:"complete"`
	Findings []string `json:"findings"` // fingerprints
}

// follow says in a report what is new since the timer's last one, and since when
// findings are known. What cannot be read of the audits before says nothing.
func follow(e *env, rep *report.Report, whole bool) {
	folder, err := e.State()
	if err != nil {
		return
	}
	var before *report.Report
	if b, err := folder.Report(); err == nil && b != nil {
		before, _ = report.Read(b)
	}
	seen := report.Seen{}
	lines, _ := folder.Audits()
	for _, line := range lines {
		var a keptAudit
		if json.Unmarshal(line, &a) != nil || a.Time.IsZero() || a.Time.After(rep.Time) {
			continue
		}
		rep.Trend = append(rep.Trend, a.Point)
		for _, f := range a.Findings {
			seen.Add(f, a.Time)
		}
	}
	rep.Trend = rep.Trend[max(0, len(rep.Trend)-report.MostPoints):]
	rep.Follow(before, seen)
	if !whole { // of other profiles nothing is gone
		rep.Changes, rep.Trend = nil, nil
	}
}

// keepReport keeps the report of an audit of the timer, and writes it to where the
// settings want it.
func keepReport(e *env, rep *report.Report, where []settings.Report) error {
	folder, err := e.State()
	if err != nil {
		return err
	}
	a := keptAudit{rep.Point(), rep.Run, rep.Complete, []string{}}
	for i := range rep.Findings {
		a.Findings = append(a.Findings, rep.Findings[i].Fingerprint)
	}
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := format.Write(&text, "json", rep, format.Options{}); err != nil {
		return err
	}
	errs := []error{folder.KeepReport(text.Bytes(), line)}
	for _, w := range where {
		errs = append(errs, writeKept(e, rep, w))
	}
	return errors.Join(errs...)
}

// mostLines bounds a file that reports are added to, in bytes: then it is renamed,
// and a new one begins.
const mostLines = 16 << 20

// writeKept writes a report to a place of the settings. Events, a line each, are
// added: log collectors read on where they were.
func writeKept(e *env, rep *report.Report, w settings.Report) error {
	if !format.Events(w.Format) {
		return writeReports(e, []*report.Report{rep}, []output{{w.Format, w.File}}, format.Options{})
	}
	var text bytes.Buffer
	if err := format.Write(&text, w.Format, rep, format.Options{Home: e.Folders.Home}); err != nil {
		return err
	}
	path, _, err := placeOf(e, w.File)
	if err != nil {
		return err
	}
	if err := addLines(path, text.Bytes()); err != nil {
		return fmt.Errorf("cannot write the report to %s: %w", w.File, err)
	}
	return nil
}

func addLines(name string, text []byte) (err error) {
	fi, err := os.Stat(name)
	switch {
	case err == nil && !fi.Mode().IsRegular():
		return errors.New("it is no plain file")
	case err == nil && fi.Size()+int64(len(text)) > mostLines:
		if err := os.Rename(name, name+".1"); err != nil {
			return err
		}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND|disk.NoWait, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return addTo(f, text)
}

// addTo adds whole lines to a file: what a run that was killed left of one is ended
// first, and where the disk is full nothing of these is left.
func addTo(f interface {
	io.ReaderAt
	io.Writer
	Stat() (fs.FileInfo, error)
	Truncate(int64) error
}, text []byte) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	last := []byte("\n")
	if size := fi.Size(); size > 0 {
		if _, err := f.ReadAt(last, size-1); err != nil {
			return err
		}
	}
	if last[0] != '\n' {
		text = append([]byte("\n"), text...)
	}
	n, err := f.Write(text)
	if err != nil && n > 0 {
		if now, statErr := f.Stat(); statErr == nil && now.Size() == fi.Size()+int64(n) { // nobody else added to it
			err = errors.Join(err, f.Truncate(fi.Size()))
		}
	}
	return err
}
