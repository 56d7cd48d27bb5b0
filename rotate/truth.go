package rotate

import (
	"fmt"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/state"
)

// This file says what is true when a rotation stops: which key the files hold, and
// whether AWS was seen to accept it.

// proof is what AWS said about a key last.
type proof struct {
	at    time.Time
	takes answer // yes, notYet or no
}

// noteProof notes what AWS said about a key. No answer changes nothing.
func (r *cycle) noteProof(id string, takes answer) {
	if id == "" || takes == silent || takes == unasked {
		return
	}
	r.proofs[id] = proof{r.Now(), takes}
}

// told adds to a *HalfDone what the files hold.
func (rot *Rotator) told(half *HalfDone, proofs map[string]proof) {
	if half.Holds == "" && half.Journal.Old != "" && half.Journal.Paths.Credentials != "" {
		half.Holds = rot.holds(half.Journal, proofs)
	}
}

// Holds says which key the files of a rotation hold, and when AWS was last seen to
// accept it, as far as its journal tells.
func (rot *Rotator) Holds(j *state.Journal) string { return rot.holds(j, nil) }

// half is a *HalfDone that says so.
func (rot *Rotator) half(j *state.Journal, why string, err error) *HalfDone {
	h := halfDone(j, why, err)
	rot.told(h, nil)
	return h
}

// holds says which key the files hold. proofs are those of this run; without one
// it is the proof that the journal tells of.
func (rot *Rotator) holds(j *state.Journal, proofs map[string]proof) string {
	set, err := credfile.Load(rot.Disk, j.Paths)
	if err != nil {
		return fmt.Sprintf("the files of key %s cannot be read", j.Old)
	}
	fresh := j.New
	if _, kept, _, err := rot.State.Recovery(j.ID); fresh == "" && err == nil {
		fresh = kept.ID
	}
	var said []string
	for _, key := range []struct {
		id, name string
		worked   time.Time
	}{{fresh, "the new key", j.Switched}, {j.Old, "the old key", j.Started}} {
		in := holders(set, key.id)
		if len(in) == 0 {
			continue
		}
		p, known := proofs[key.id]
		if !known && !key.worked.IsZero() {
			p = proof{key.worked, yes}
		}
		if fresh == "" || j.Direction == state.Watch {
			key.name = "key"
		}
		what := p.words(key.id == fresh)
		if p.takes == unasked && proofs == nil { // the journal does not tell
			what = ""
		}
		said = append(said, fmt.Sprintf("%s %s %s %s%s", show.Names(in), hold(len(in)), key.name, key.id, what))
	}
	if len(said) == 0 {
		return fmt.Sprintf("no profile has key %s%s", j.Old, orNew(fresh))
	}
	if j.Compromised && j.Off == state.OffDone && !j.OffAt.IsZero() {
		said = append(said, fmt.Sprintf("the leaked key %s was made inactive at %s", j.Old, show.Time(j.OffAt)))
	}
	return strings.Join(said, ", and ")
}

func orNew(id string) string {
	if id == "" {
		return ""
	}
	return " or " + id
}

func hold(n int) string {
	if n == 1 {
		return "holds"
	}
	return "hold"
}

func (p proof) words(isNew bool) string {
	switch {
	case p.takes == yes:
		return " (it worked at " + show.Time(p.at) + ")"
	case p.takes == unasked:
		return " (not checked with AWS in this run)"
	case isNew:
		return " (AWS does not accept it yet)"
	}
	return " (AWS does not accept it)"
}
