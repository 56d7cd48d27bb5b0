package cli

import (
	"encoding/binary"
	"time"

	"keycare/credfile/copies"
)

// This file is about which files a scan of all usual places looked into, so that the
// timer's next one need not read them again.

// looked is that: marks of files, which tell nothing about them, and the IDs of the keys
// that were looked for.
type looked struct {
	Version int    `json:"version"`
	Program string `json:"program"` // another one may find more
	// Time is that of the scan: what it found is of no use with the marks of another.
	Time   time.Time       `json:"time"`
	Whole  time.Time       `json:"whole"` // when all files were read
	Sought []copies.Sought `json:"sought"`
	Marks  []byte          `json:"marks"` // eight bytes each
	// Cut are those of files that were not looked at to their end.
	Cut map[copies.Reason][]byte `json:"cut,omitempty"`
}

const (
	lookedVersion = 1
	// wholeEvery is how often the timer reads all files nevertheless. It also ends what
	// an incremental scan cannot see: a secret that was mistyped in the AWS files and is
	// right now, for no trace of secrets is kept to compare them.
	wholeEvery = 4 * scanEvery
)

// keepLooked keeps the marks of a scan. That it cannot makes the next one slower, and
// nothing else.
func (s *scanRun) keepLooked(began, whole time.Time, keys []copies.Key) {
	folder, err := s.e.State()
	if s.marks == nil || err != nil || folder.Guest() {
		return
	}
	l := looked{Version: lookedVersion, Program: version(), Time: began, Whole: whole, Sought: copies.SoughtOf(keys)}
	made, cut, _ := s.marks.Made()
	l.Marks, l.Cut = pack(made), make(map[copies.Reason][]byte)
	for reason, some := range cut {
		l.Cut[reason] = pack(some)
	}
	_ = folder.SaveLooked(l)
}

func pack(all []uint64) (b []byte) {
	for _, n := range all {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	return b
}

func unpack(b []byte) (all []uint64) {
	for ; len(b) >= 8; b = b[8:] {
		all = append(all, binary.LittleEndian.Uint64(b))
	}
	return all
}

// lookedBefore is what the last scan left for one that begins now; nil where all files
// have to be read.
func lookedBefore(e *env, now time.Time, keys []copies.Key) (m *copies.Marks, whole time.Time) {
	kept, ok := readKept(e)
	folder, err := e.State()
	if err != nil || !ok {
		return nil, whole
	}
	var l looked
	if err := folder.ReadLooked(&l); err != nil || l.Version != lookedVersion || l.Program != version() || !l.Time.Equal(kept.Time) ||
		now.Before(l.Time) || now.Sub(l.Whole) >= wholeEvery {
		return nil, whole
	}
	since, known := copies.MadeSince(keys, l.Sought)
	if !known {
		return nil, whole
	}
	m = &copies.Marks{Began: now, Earlier: unpack(l.Marks), Cut: map[copies.Reason][]uint64{}, Kept: kept.Result.Copies, Since: since}
	for reason, b := range l.Cut {
		m.Cut[reason] = unpack(b)
	}
	return m, l.Whole
}
