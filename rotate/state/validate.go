package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/show"
)

// mostJournal bounds a journal, in bytes: one with 2,000 places has about 200 KB.
const mostJournal = 1 << 20

// form is what a text is made of. Counts in a regexp would take long to compile
// at every start of the program.
type form struct {
	characters  string
	least, most int // of bytes
}

const (
	digits = "0123456789"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower  = "abcdefghijklmnopqrstuvwxyz"
)

var (
	// idText is what NewID makes. It becomes part of file names.
	idText = form{digits + "abcdef", 12, 12}
	// accountText, userIDText and nameText are IAM's own rules (IAM API Reference:
	// User). The first two become part of a lock's name.
	// tokenText is what stands in a request's User-Agent.
	tokenText   = form{lower + "234567", 16, 16}
	accountText = form{digits, 12, 12}
	userIDText  = form{upper + lower + digits, 12, 128}
	nameText    = form{upper + lower + digits + "_+=,.@-", 1, 128}
)

func (f form) fits(s string) bool {
	return len(s) >= f.least && len(s) <= f.most && strings.Trim(s, f.characters) == ""
}

// IsID reports whether id can be that of a rotation.
func IsID(id string) bool { return idText.fits(id) }

// parseJournal reads a journal and holds every field against what keycare writes:
// what a journal says decides which keys are deleted and which files written.
func parseJournal(id string, b []byte) (*Journal, error) {
	j := &Journal{}
	if err := json.Unmarshal(b, j); err != nil {
		return nil, errors.New("it is not a journal in JSON")
	}
	if j.Version > journalVersion {
		return j, nil
	}
	if err := json.Unmarshal(b, &j.unknown); err != nil {
		return nil, errors.New("it is not a journal in JSON")
	}
	for f := range reflect.TypeFor[Journal]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		delete(j.unknown, name)
	}
	if j.ID != id || !IsID(id) {
		return nil, errors.New("its ID is not that of its file")
	}
	return j, j.check()
}

// text is the journal as it is written, with the fields of a later version.
func (j *Journal) text() ([]byte, error) {
	b, err := json.MarshalIndent(j, "", "  ")
	if err != nil || len(j.unknown) == 0 {
		return append(b, '\n'), err
	}
	more, err := json.MarshalIndent(j.unknown, "", "  ")
	if err != nil {
		return nil, err
	}
	b = append(bytes.TrimSuffix(b, []byte("\n}")), ',')
	return append(append(b, bytes.TrimPrefix(more, []byte("{"))...), '\n'), nil
}

// check names the first field that keycare would not have written. Values are
// never quoted: they may be anything.
func (j *Journal) check() error {
	bad := func(field string) error { return fmt.Errorf("%q is not what keycare writes there", field) }
	keyIDs := map[string][]string{"old": {j.Old}, "keys_before": j.Before, "orphans": j.Orphans, "others_keys": j.Others}
	for field, id := range map[string]string{"new": j.New, "free_slot": j.FreeSlot, "watched_key": j.Watched, "made_inactive": j.Quieted} {
		if id != "" {
			keyIDs[field] = []string{id}
		}
	}
	for field, ids := range keyIDs {
		for _, id := range ids {
			if !show.IsKeyID(id) {
				return bad(field)
			}
		}
	}
	switch {
	case j.Version < 1:
		return bad("version")
	case !validIdentity(j.User) || j.Root == nil && !nameText.fits(j.UserName):
		return bad("user")
	case j.UserName != "" && !nameText.fits(j.UserName):
		return bad("user_name")
	case !isText(j.Profile):
		return bad("profile")
	case !isPath(j.Paths.Credentials) || !isPath(j.Paths.Config):
		return bad("paths")
	case len(j.Places) == 0:
		return bad("places")
	case j.Retire != "" && j.Retire != Delete && j.Retire != Deactivate:
		return bad("retirement")
	case !slices.Contains([]After{"", AfterWanted, AfterStarted, AfterDone, AfterBack}, j.After):
		return bad("after")
	case slices.ContainsFunc(slices.Concat(j.Paths.Copies, j.Dropped, slices.Collect(maps.Keys(j.Missed))), func(p string) bool { return !isPath(p) || !isText(p) }):
		return bad("paths")
	case j.Off != "" && j.Off != OffSent && j.Off != OffDone:
		return bad("old_key_off")
	case j.Compromised && (j.Grace > 0 || j.Direction == Grace || j.Root != nil), !j.Compromised && !j.OffAt.IsZero():
		return bad("compromised")
	case j.Owed && (j.OffAt.IsZero() || !slices.Contains([]Direction{Retire, Keep, Watch}, j.Direction)):
		return bad("report_owed")
	case j.Started.IsZero():
		return bad("started")
	case j.Grace < 0:
		return bad("grace")
	case j.Direction == Grace && (j.New == "" || j.GraceEnds.IsZero()):
		return bad("grace_ends")
	case j.Direction == Watch && len(j.Sends) == 0:
		return bad("sends")
	case j.Root != nil && (!nameText.fits(j.Root.Group) || !strings.HasPrefix(j.Root.Policy, "arn:") || !validIdentity(j.Root.Root)):
		return bad("root_swap")
	case j.Auth.MFASerial != "" && !isText(j.Auth.MFASerial), j.Auth.Profile != "" && !isText(j.Auth.Profile):
		return bad("auth")
	}
	switch j.Direction {
	case Undecided, Undo, Retire, Grace, Keep, Watch:
	default:
		return bad("direction")
	}
	for _, p := range j.Places {
		if p.Kind != credfile.CredentialsFile && p.Kind != credfile.ConfigFile || !isText(p.Profile) {
			return bad("places")
		}
	}
	sends := j.Sends
	if j.Made != nil {
		sends = append(slices.Clone(sends), *j.Made)
	}
	for _, s := range sends {
		if s.From.IsZero() || s.To.Before(s.From) || s.Token != "" && !tokenText.fits(s.Token) {
			return bad("sends")
		}
	}
	return nil
}

func validIdentity(i facts.Identity) bool {
	return accountText.fits(i.Account) && userIDText.fits(i.UserID) && strings.HasPrefix(i.ARN, "arn:") && show.Printable(i.ARN)
}

// isText allows any name that a file may have for a profile, in one line.
func isText(s string) bool { return s != "" && !strings.ContainsAny(s, "\x00\n\r") }

func isPath(path string) bool {
	return filepath.IsAbs(path) && filepath.Clean(path) == path && !strings.ContainsRune(path, 0)
}
