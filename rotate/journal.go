package rotate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/facts"
)

// Direction is a decision that binds every later run of a rotation.
type Direction string

const (
	Undecided Direction = ""
	Undo      Direction = "undo"   // the new key is never switched to or put back again
	Retire    Direction = "retire" // the new key is never deleted
	Grace     Direction = "grace"  // switched; the new key is never deleted, the old one not yet
	Keep      Direction = "keep"   // closed by a person, both keys left as they are
	Watch     Direction = "watch"  // closed, but for a create whose reply was lost and that may still land
)

// Retirement is what happens to the old key at the end.
type Retirement string

const (
	Delete     Retirement = "delete"
	Deactivate Retirement = "deactivate"
)

// past is the word for a key after its retirement.
func (r Retirement) past() string {
	if r == Deactivate {
		return "deactivated"
	}
	return "deleted"
}

// Journal is what a rotation wrote down before it acted. It holds key IDs and
// no secret. Times are AWS's where AWS gave one.
type Journal struct {
	Version    int            `json:"version"`
	ID         string         `json:"id"`
	User       facts.Identity `json:"user"`
	UserName   string         `json:"user_name"`
	Profile    string         `json:"profile"` // the profile whose region and endpoints are used
	Paths      credfile.Paths `json:"paths"`   // as they were located, not as they would be now
	Places     []JournalPlace `json:"places"`
	Old        string         `json:"old"`
	New        string         `json:"new,omitempty"`
	Before     []string       `json:"keys_before"`                // the user's keys when the rotation began
	FreeSlot   string         `json:"free_slot,omitempty"`        // an inactive key that is deleted to make room
	FreeActive bool           `json:"free_slot_active,omitempty"` // that key is active, and a person agreed
	Retire     Retirement     `json:"retirement"`                 // what becomes of Old
	Direction  Direction      `json:"direction,omitempty"`        // binding once it is set
	Started    time.Time      `json:"started"`                    // AWS's clock
	Sends      []Send         `json:"sends,omitempty"`            // creates whose reply was lost
	Root       *RootSwap      `json:"root_swap,omitempty"`        // Old is a root key, New an IAM user's
	Auth       Auth           `json:"auth,omitzero"`
	Grace      time.Duration  `json:"grace,omitempty"`     // in nanoseconds
	Switched   time.Time      `json:"switched,omitzero"`   // AWS's clock
	GraceEnds  time.Time      `json:"grace_ends,omitzero"` // this machine's clock
	Orphans    []string       `json:"orphans,omitempty"`   // keys of lost replies that were deleted
}

// Resting reports whether the rotation is in its grace, which has not ended yet.
// One that ends later than any grace that begins now was begun with a wrong
// clock; AWS's clock decides then.
func (j *Journal) Resting(now time.Time) bool {
	return j.Direction == Grace && now.Before(j.GraceEnds) && j.GraceEnds.Sub(now) <= j.Grace+useLate
}

// JournalPlace names a section that held the old key at the start.
type JournalPlace struct {
	Kind    credfile.FileKind `json:"kind"`
	Profile string            `json:"profile"`
}

// Send is a create whose outcome is not known, by AWS's clock.
type Send struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Answered says that AWS did answer, with throttling or trouble of its own:
	// whatever the call did, it did by then.
	Answered bool `json:"answered,omitempty"`
}

const journalVersion = 1

func newID() string {
	var b [6]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// State is the folder that holds rotations in flight and the history.
type State struct {
	Dir  string
	Disk disk.FS
}

func (s State) rotations() string             { return filepath.Join(s.Dir, "rotations") }
func (s State) journalPath(id string) string  { return filepath.Join(s.rotations(), id+".json") }
func (s State) recoveryPath(id string) string { return filepath.Join(s.rotations(), id+".recovery") }
func (s State) historyPath() string           { return filepath.Join(s.Dir, "history.jsonl") }
func (s State) userLock(account, user string) string {
	return filepath.Join(s.Dir, "user-"+account+"-"+user+".lock")
}

// Init makes the folders, readable by their owner alone.
func (s State) Init() error {
	// The folders themselves must outlast a power loss: these two, which an
	// earlier run may have made and not lived to sync, and any above them.
	parents := []string{s.Dir, filepath.Dir(s.Dir)}
	for dir := filepath.Dir(s.Dir); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := s.Disk.Stat(dir); err == nil {
			break
		}
		parents = append(parents, filepath.Dir(dir))
	}
	if err := s.Disk.MkdirAll(s.rotations(), 0o700); err != nil {
		return fmt.Errorf("cannot make the state folder %s: %w", s.Dir, err)
	}
	for _, dir := range parents {
		if err := s.Disk.SyncDir(dir); err != nil {
			return fmt.Errorf("cannot make the state folder %s durable: %w", s.Dir, err)
		}
	}
	return nil
}

// Save writes the journal durably.
func (s State) Save(j *Journal) error {
	j.Version = journalVersion
	b, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	name := s.journalPath(j.ID)
	write := func() error { return disk.WriteAtomic(s.Disk, name, name+tempSuffix, append(b, '\n'), 0o600) }
	err = write()
	if errors.Is(err, fs.ErrNotExist) && s.Init() == nil { // somebody removed the folder meanwhile
		err = write()
	}
	if err != nil {
		return fmt.Errorf("cannot write the journal %s: %w", name, err)
	}
	return nil
}

// Begin saves a new journal. The lock tells sweep that the temporary file of a
// journal that does not exist yet is not a leftover.
func (s State) Begin(j *Journal) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return s.Save(j)
}

func (s State) lock() (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	return credfile.Lock(ctx, filepath.Join(s.Dir, "state.lock"))
}

// sweep removes the temporary files of journals that never came to be.
func (s State) sweep() error {
	entries, err := s.Disk.ReadDir(s.rotations())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot read the state folder: %w", err)
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json"+tempSuffix)
		if !ok {
			continue
		}
		if err := s.sweepOne(id); err != nil {
			return err
		}
	}
	return nil
}

func (s State) sweepOne(id string) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if _, err = s.Disk.Lstat(s.journalPath(id)); errors.Is(err, fs.ErrNotExist) {
		err = disk.RemoveIfThere(s.Disk, s.journalPath(id)+tempSuffix)
	}
	return err
}

const tempSuffix = ".new"

// Journals returns the rotations in flight, oldest first. A journal that cannot
// be read is an error, beside those that can: it may be all that names a key.
func (s State) Journals() ([]*Journal, error) {
	entries, err := s.Disk.ReadDir(s.rotations())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the state folder: %w", err)
	}
	var found []*Journal
	var bad []error
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok {
			continue
		}
		j, err := s.Journal(id)
		if err != nil {
			bad = append(bad, err)
		}
		if j == nil {
			continue // damaged, or finished meanwhile
		}
		found = append(found, j)
	}
	slices.SortStableFunc(found, func(a, b *Journal) int { return a.Started.Compare(b.Started) })
	return found, errors.Join(bad...)
}

// Damaged says that a journal is there and cannot be understood: it may be all
// that names a key.
type Damaged struct {
	ID, Path string
	Err      error
}

func (e *Damaged) Error() string {
	return fmt.Sprintf("its journal %s is damaged (%v); look at the user's keys before you move it away", e.Path, e.Err)
}

// Journal reads one journal; nil where there is none of that ID. One that cannot
// be understood is a *Damaged.
func (s State) Journal(id string) (*Journal, error) {
	b, err := s.Disk.ReadFile(s.journalPath(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the journal of a rotation: %w", err)
	}
	j := &Journal{}
	if err := json.Unmarshal(b, j); err != nil || j.ID != id {
		return nil, &Damaged{id, s.journalPath(id), err}
	}
	if j.Version > journalVersion {
		return nil, fmt.Errorf("%s was written by a newer keycare: finish that rotation with it", s.journalPath(id))
	}
	return j, nil
}

// Remove takes the journal away, the last act of a rotation.
func (s State) Remove(id string) error {
	if err := disk.RemoveIfThere(s.Disk, s.journalPath(id)); err != nil {
		return err
	}
	return s.Disk.SyncDir(s.rotations())
}
