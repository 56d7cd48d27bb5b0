package state

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/facts"
	"keycare/credfile/sorting"
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

// Past is the word for a key after its retirement.
func (r Retirement) Past() string {
	if r == Deactivate {
		return "deactivated"
	}
	return "deleted"
}

// Off is how far the deactivation of the old key has got.
type Off string

const (
	OffSent Off = "sent" // AWS is asked to make it Inactive, or Active again, and the answer is not known
	OffDone Off = "off"  // it is Inactive, AWS answered
)

// After is how far the command has got that the settings name for what is to be
// done with the new pair (AFTER in docs/settings.md). It is never the command
// itself: that is read from the settings alone.
type After string

const (
	AfterWanted  After = "wanted"
	AfterStarted After = "started" // it may have got the new pair
	AfterDone    After = "done"    // it has taken it
	AfterBack    After = "back"    // and the old pair again, of a rotation that a person undid
)

// Journal is what a rotation wrote down before it acted. It holds key IDs and
// no secret. Times are AWS's where AWS gave one.
type Journal struct {
	Version     int            `json:"version"`
	ID          string         `json:"id"`
	User        facts.Identity `json:"user"`
	UserName    string         `json:"user_name"`
	Profile     string         `json:"profile"` // the profile whose region and endpoints are used
	Paths       credfile.Paths `json:"paths"`   // as they were located, not as they would be now
	Places      []Section      `json:"places"`
	Old         string         `json:"old"`
	New         string         `json:"new,omitempty"`
	Before      []string       `json:"keys_before"`                // the user's keys when the rotation began
	FreeSlot    string         `json:"free_slot,omitempty"`        // an inactive key that is deleted to make room
	FreeActive  bool           `json:"free_slot_active,omitempty"` // that key is active, and a person agreed
	Retire      Retirement     `json:"retirement"`                 // what becomes of Old
	Direction   Direction      `json:"direction,omitempty"`        // binding once it is set
	Started     time.Time      `json:"started"`                    // AWS's clock
	Sends       []Send         `json:"sends,omitempty"`            // requests for a new key without an answer
	Root        *RootSwap      `json:"root_swap,omitempty"`        // Old is a root key, New an IAM user's
	Auth        Auth           `json:"auth,omitzero"`
	Grace       time.Duration  `json:"grace,omitempty"`          // in nanoseconds
	Switched    time.Time      `json:"switched,omitzero"`        // AWS's clock
	GraceEnds   time.Time      `json:"grace_ends,omitzero"`      // this machine's clock
	Off         Off            `json:"old_key_off,omitempty"`    // how far Old's deactivation, before its deletion, has got
	Compromised bool           `json:"compromised,omitempty"`    // Old leaked: it is made Inactive at once, and never Active again
	OffAt       time.Time      `json:"old_key_off_at,omitzero"`  // then: when AWS said that it is Inactive
	Owed        bool           `json:"report_owed,omitempty"`    // then: all is done, but nobody was told yet what Old did
	PutBack     bool           `json:"put_back,omitempty"`       // the grace began because a program had put Old back into the files
	SwitchBegun bool           `json:"switch_begun,omitempty"`   // New may have stood in the files: others may have copied it
	UndoAsked   bool           `json:"undo_asked,omitempty"`     // a person wants to go back to Old
	NewOff      bool           `json:"new_key_off,omitempty"`    // New was made Inactive after that
	After       After          `json:"after,omitempty"`          // how far the settings' command that gets the new pair has got
	Missed      map[string]int `json:"copies_missed,omitempty"`  // in how many runs a copy was not as it should be
	Dropped     []string       `json:"copies_dropped,omitempty"` // copies that a person gave up
	Orphans     []string       `json:"orphans,omitempty"`        // keys of lost replies that were deleted
	// Made is the request that made New.
	Made *Send `json:"made,omitempty"`
	// Lost is the first time that AWS named after the latest loss of a reply.
	Lost time.Time `json:"lost,omitzero"`
	// Watched is the key that a request without an answer may have made, as the
	// last look at the user's keys showed.
	Watched string `json:"watched_key,omitempty"`
	// Quieted is the key that the watch makes Inactive, written down before.
	Quieted string `json:"made_inactive,omitempty"`

	// Others are keys that another request made, as CloudTrail said: they are left
	// alone for good.
	Others []string `json:"others_keys,omitempty"`

	// unknown are fields that this version does not know, kept as they are.
	unknown map[string]json.RawMessage
}

// Resting reports whether the rotation is in its grace, which has not ended yet.
// One that ends later than any grace that begins now was begun with a wrong
// clock; AWS's clock decides then.
func (j *Journal) Resting(now time.Time) bool {
	return j.Direction == Grace && now.Before(j.GraceEnds) && j.GraceEnds.Sub(now) <= j.Grace+UseLate
}

// Closed reports whether nothing is left to do about the two keys: a create may still
// land, or what a leaked key did is still to be told.
func (j *Journal) Closed() bool { return j.Direction == Watch || j.Owed }

// OnlyOwed reports whether that is all that is left.
func (j *Journal) OnlyOwed() bool { return j.Owed && j.Direction != Watch }

// WatchFor is how long a create whose reply was lost is watched, by AWS's clock
// from its first answer after the loss. The request may land for a quarter of an
// hour, CloudTrail shows it a quarter of an hour later, and so does IAM a use of
// its key.
const WatchFor = 45 * time.Minute

// Section names a section that held the old key at the start.
type Section struct {
	Kind    credfile.FileKind `json:"kind"`
	Profile string            `json:"profile"`
}

// Send is a request for a new key, by AWS's clock, written down before it is
// sent. One that made a key which we hold, or whose refusal came back, is taken
// away again: what is left may have made a key whose secret nobody has.
type Send struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Token stands in the request's User-Agent, where CloudTrail records it.
	// Journals of version 1 have none.
	Token string `json:"token,omitempty"`
	// Answered says that AWS did answer, with throttling or trouble of its own:
	// whatever the call did, it did by then.
	Answered bool `json:"answered,omitempty"`
}

// journalVersion is the newest that is understood. It is 2 since the old key is made
// Inactive before it is deleted, and a request for a new key is written down before it
// is sent; 3 where the old key leaked, which a keycare that does not know of that would
// make Active again.
const journalVersion = 3

// version is what a journal is written as.
func (j *Journal) version() int {
	if j.Compromised {
		return journalVersion
	}
	return 2
}

// NewID names a new rotation.
func NewID() string {
	var b [6]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Save writes the journal durably.
func (s Folder) Save(j *Journal) error {
	if err := s.Trusted(); err != nil {
		return err
	}
	j.Version = j.version()
	b, err := j.text()
	if err != nil {
		return err
	}
	name := s.JournalPath(j.ID)
	write := func() error { return disk.WriteAtomic(s.Disk, name, name+tempSuffix, b, 0o600) }
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
func (s Folder) Begin(j *Journal) error {
	j.Version = j.version()
	if err := j.check(); err != nil { // no later run would take it up
		return fmt.Errorf("cannot begin a journal: %w", err)
	}
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return s.Save(j)
}

// Journals returns the rotations in flight, oldest first. A journal that cannot
// be read is an error, beside those that can: it may be all that names a key.
func (s Folder) Journals() ([]*Journal, error) {
	entries, err := s.readDir()
	if err != nil {
		return nil, err
	}
	var found []*Journal
	var bad []error
	for _, id := range journalIDs(entries) {
		j, err := s.Journal(id)
		if err != nil {
			bad = append(bad, err)
		}
		if j == nil {
			continue // damaged, or finished meanwhile
		}
		found = append(found, j)
	}
	sorting.By(found, func(a, b *Journal) int { return a.Started.Compare(b.Started) })
	return found, errors.Join(bad...)
}

// Damaged says that a journal is there and cannot be understood: it may be all
// that names a key.
type Damaged struct {
	ID, Path string
	Err      error
}

func (e *Damaged) Error() string {
	return fmt.Sprintf("the journal %s is damaged (%v)", e.Path, e.Err)
}

func (e *Damaged) Unwrap() error { return e.Err }

// journalIDs are the rotations that have a journal, or the text of one that
// vanished (see disk.Place) or never came to be.
func journalIDs(entries []fs.DirEntry) (ids []string) {
	for _, e := range entries {
		if id, ok := strings.CutSuffix(strings.TrimSuffix(e.Name(), tempSuffix), ".json"); ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Journal reads one journal; nil where there is none of that ID. One that cannot
// be understood is a *Damaged.
func (s Folder) Journal(id string) (*Journal, error) {
	if err := s.Trusted(); err != nil {
		return nil, err
	}
	b, err := s.Disk.ReadOwn(s.JournalPath(id), mostJournal)
	if errors.Is(err, fs.ErrNotExist) {
		return s.vanished(id), nil
	}
	if err != nil {
		return nil, &Damaged{id, s.JournalPath(id), s.mendable(err)}
	}
	j, err := parseJournal(id, b)
	if err != nil {
		return nil, &Damaged{id, s.JournalPath(id), err}
	}
	if j.Version > journalVersion {
		return nil, fmt.Errorf("%s was written by a newer keycare: finish that rotation with that version", s.JournalPath(id))
	}
	return j, nil
}

// vanished is the journal whose text lies beside the name that it lost; nil where
// there is no whole one. One that never came to be looks the same: nothing was
// done for it, so nothing is undone.
func (s Folder) vanished(id string) *Journal {
	b, err := s.Disk.ReadOwn(s.JournalPath(id)+tempSuffix, mostJournal)
	if err != nil {
		return nil
	}
	j, err := parseJournal(id, b)
	if err != nil || j.Version > journalVersion {
		return nil
	}
	return j
}

// Remove takes the journal away, the last act of a rotation.
func (s Folder) Remove(id string) error {
	temp := s.JournalPath(id) + tempSuffix
	for _, name := range []string{temp, disk.Backup(temp), s.JournalPath(id)} {
		if name == "" {
			continue
		}
		if err := disk.RemoveIfThere(s.Disk, name); err != nil {
			return err
		}
	}
	return s.Disk.SyncDir(s.RotationsDir())
}

// Auth says who signs the calls to IAM where the key itself may not: a session
// of the same user with MFA, or another profile. Both empty means the key.
type Auth struct {
	MFASerial string `json:"mfa_serial,omitempty"`
	Profile   string `json:"auth_profile,omitempty"`
}

// RootSwap is what a rotation does that replaces a root key: the new key is an
// IAM user's, an administrator's through a group.
type RootSwap struct {
	Group  string         `json:"group"`
	Policy string         `json:"policy_arn"`
	Root   facts.Identity `json:"root"`
}

// UseSlack is how long after the switch a recorded use may still be one from
// before: IAM records a last use once in a quarter of an hour.
const UseSlack = 15 * time.Minute

// UseLate is how much older than the use itself its record may look: its time is
// rounded down to a quarter of an hour, and it shows as late as that. Each grace
// is longer by it.
const UseLate = 2 * UseSlack
