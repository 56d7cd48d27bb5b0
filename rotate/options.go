package rotate

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/home"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// Options is all that a rotation needs to know. The zero values of Retire and
// Timeout mean Delete and DefaultTimeout.
type Options struct {
	Paths   credfile.Paths
	State   state.Folder
	Disk    disk.FS
	Retire  state.Retirement
	Timeout time.Duration
	// Grace leaves the old key active for so long after the switch; 0 retires it
	// at once. The least is MinGrace.
	Grace time.Duration
	// FreeSlot says what may be deleted to make room for the new key.
	FreeSlot FreeSlot
	// Compromised says that the keys leaked: each is made Inactive as soon as the new
	// one is verified in the files, before anything else. It excludes Grace.
	Compromised bool
	Auth        state.Auth
	// DropACL goes on where the access list or the attributes of a file cannot be
	// kept.
	DropACL bool
	// MFACode asks for a code of an MFA device; nil means that nobody can be asked.
	MFACode func(serial string) (string, error)
	// Connect returns the way to AWS for a profile; nil means Connect.
	Connect func(ctx context.Context, paths credfile.Paths, profile string) (*client.AWS, error)
	Now     func() time.Time
	Wait    func(context.Context, time.Duration) error
	// Confirm asks a person. nil means that nobody can be asked: whatever needs
	// an answer is refused.
	Confirm func(question string) (bool, error)
	// Yes answers the questions that --yes may answer.
	Yes bool
	// Never bars a profile, or a key in it, from any call to AWS; may be nil.
	Barred func(profile, keyID string) bool
	// OlderThan leaves alone the keys that are not older, in whole days; 0 means
	// whatever their age.
	OlderThan time.Duration
	// KeepBoth lets Resume close rotations that have switched without retiring
	// the old key.
	KeepBoth bool
	// Running finds the running programs that were started with a key; nil means
	// that nobody can tell.
	Running func(id string) []home.Process
	// Undo lets Resume go back to the old key, at a person's word.
	Undo bool
	// DeleteKey is the ID of a key of a lost reply as a person typed it, who agrees
	// to its deletion without proof.
	DeleteKey string
	// Copies are text files that are changed along with the shared files, as a
	// person named them: each must hold one of the keys that are rotated.
	Copies []string
	// KnownCopies are such files as the settings name them: those that hold none of
	// the keys are left alone.
	KnownCopies []string
	// Tracked allows copies that Git tracks.
	Tracked bool
	// Elsewhere says which files hold a key beside the AWS files, as far as the last
	// scan knows, and when that was; nil means that nobody can tell.
	Elsewhere func(id string) (paths []string, at time.Time)
	// DropCopy is a copy of an unfinished rotation that a person gives up.
	DropCopy string
	// After returns the commands that get the new pair of a key in these profiles
	// before the old key is retired, as the settings name them; nil means none.
	After func(profiles []string) [][]string
	// AskLine asks a person for a line; nil means that nobody can be asked.
	AskLine func(prompt string) (string, error)
	// Tells says that what the results say of leaked keys will reach a person, which
	// Told is then to be told of.
	Tells bool
	// Say tells a person what is happening, a line at a time. It is never nil.
	Say func(format string, args ...any)
	// Progress sees what goes on and for what it waits; nil if nobody looks.
	Progress Progress

	createWithin time.Duration // createTimeout; shorter in tests
}

// DefaultTimeout bounds how long a rotation waits for AWS: new keys take
// seconds to spread, rarely a minute.
const DefaultTimeout = 2 * time.Minute

// MinGrace is the shortest grace: IAM records the last use of a key within a
// quarter of an hour, and a shorter grace would learn nothing from it.
const MinGrace = time.Hour

// FreeSlot says what may be deleted to make room for the new key.
type FreeSlot string

const (
	FreeNever    FreeSlot = "never"
	FreeInactive FreeSlot = "inactive" // an inactive key, the default
	FreeUnused   FreeSlot = "unused"   // also an active one, if a person agrees to that very key
)

// lockWait bounds how long a run waits for another one.
const lockWait = 30 * time.Second

const (
	// createTimeout bounds the one call that Ctrl-C does not stop.
	createTimeout = 30 * time.Second
	// callTimeout bounds every other call, its retries included.
	callTimeout = 30 * time.Second
	// settle is the time between two reads that must be equal before something
	// is deleted because of them.
	settle = 200 * time.Millisecond

	firstWait, longestWait = 200 * time.Millisecond, 2 * time.Second
)

// Rotator carries rotations out. It is safe for several at the same time.
type Rotator struct {
	Options
	// typedKey is the ID of a root key as a person typed it who agrees to its
	// deletion; empty where nobody was asked yet.
	typedKey string
	// planning says that nothing is done after the checks: those that a rotation
	// makes again before it acts may be left out, and nobody is asked for an ID.
	planning bool
	// chosen says that a person named the rotations to go on with.
	chosen bool

	locks  fileLocks
	saying sync.Mutex // what is said, and counters
	asking sync.Mutex // questions, one at a time
	files  sync.Mutex // writes of the shared files and the history
}

// New makes a Rotator and fills in what the options leave out.
func New(o Options) *Rotator {
	// The journal outlives this run, which may have been started elsewhere.
	for _, path := range []*string{&o.Paths.Credentials, &o.Paths.Config} {
		if abs, err := filepath.Abs(*path); err == nil && *path != "" {
			*path = abs
		}
	}
	if o.Retire == "" {
		o.Retire = state.Delete
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.FreeSlot == "" {
		o.FreeSlot = FreeInactive
	}
	if o.Connect == nil {
		o.Connect = client.Connect
	}
	if o.Progress == nil {
		o.Progress = nobodyLooks{}
	}
	if o.createWithin == 0 {
		o.createWithin = createTimeout
	}
	rot := &Rotator{Options: o}
	rot.Paths.Copies = rot.locateCopies()
	return rot
}

// say tells a person what is happening.
func (rot *Rotator) say(format string, args ...any) {
	rot.saying.Lock()
	defer rot.saying.Unlock()
	rot.Say(format, args...)
}

// mfaCode asks for a code of an MFA device, one at a time.
func (rot *Rotator) mfaCode(serial string) (string, error) {
	if rot.MFACode == nil {
		return "", client.ErrNeedsPerson
	}
	rot.asking.Lock()
	defer rot.asking.Unlock()
	return rot.MFACode(serial)
}

// lock takes locks, waiting for another run for a while.
func (rot *Rotator) lock(ctx context.Context, names []string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	return credfile.Lock(ctx, names...)
}

// lockNames are the locks of the files that may be changed. Those of the copies are
// in the state folder: beside them, in a work tree say, they would be in the way.
func (rot *Rotator) lockNames(paths credfile.Paths) []string {
	names := credfile.LockNames(rot.Disk, paths)
	for _, path := range paths.Copies {
		if r, err := rot.Disk.EvalSymlinks(path); err == nil {
			path = r
		}
		names = append(names, rot.State.FileLock(path))
	}
	return names
}

// CannotPrompt is why nothing is done where a person would have to agree.
const CannotPrompt = "cannot prompt: not a terminal. Run it in a terminal, or pass --yes"

func (rot *Rotator) confirm(question string) (bool, error) {
	if rot.Confirm == nil {
		return false, refuse("%s\n  %s", CannotPrompt, strings.ReplaceAll(question, "\n", "\n  "))
	}
	rot.asking.Lock()
	defer rot.asking.Unlock()
	return rot.Confirm(question)
}
