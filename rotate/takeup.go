package rotate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// takeUp is a rotation as its journal, its recovery file and the files have it.
func (rot *Rotator) takeUp(ctx context.Context, j *state.Journal) (*cycle, *HalfDone) {
	old, fresh, ok, err := rot.State.Recovery(j.ID)
	if err != nil {
		return nil, halfDone(j, "its recovery file cannot be read", err)
	}
	a, err := rot.reach(ctx, j, fresh.ID)
	var misplaced *credfile.MisplacedError
	switch {
	case errors.As(err, &misplaced):
		return nil, halfDone(j, "a line of the files has to be fixed first", err)
	case err != nil:
		return nil, halfDone(j, "the connection to AWS cannot be set up", err)
	}
	r := newCycle(rot, a, j)
	r.seen.Resumed, r.owed = true, j.Owed
	r.old, r.fresh = old, fresh
	r.seen.OffEarlier = j.Off == state.OffSent
	if j.Off == state.OffDone {
		r.seen.Off = yes
	}
	r.pairsFromFiles()
	if j.Direction != state.Grace {
		r.seen.HaveOld, r.seen.HaveNew = r.old.ID != "", r.fresh.ID != ""
	} else {
		r.seen.HaveOld, r.seen.HaveNew = ok && r.old.ID != "", ok && r.fresh.ID != ""
	}
	r.seen.KnowNew = !r.fresh.Secret.Empty()
	return r, nil
}

// reach returns the way to AWS for a rotation: by its profile, or where that is
// gone by one that holds one of its keys now, or by the environment alone.
func (rot *Rotator) reach(ctx context.Context, j *state.Journal, fresh string) (*client.AWS, error) {
	set, err := credfile.Load(rot.Disk, j.Paths)
	if err != nil {
		return rot.Connect(ctx, j.Paths, j.Profile)
	}
	there := set.Profiles()
	holding := slices.Concat([]string{j.Profile}, holders(set, j.New), holders(set, fresh), holders(set, j.Old))
	for _, p := range holding { // the files may have changed since the rotation began
		if err := set.Fit(p); err != nil {
			return nil, err
		}
	}
	for _, p := range holding {
		if slices.Contains(there, p) {
			return rot.Connect(ctx, j.Paths, p)
		}
	}
	return rot.reachWithout(ctx)
}

// reachWithout is reach where no profile is left: the environment's region,
// endpoints and proxy hold. The SDK wants to find the profile that AWS_PROFILE
// names, so it is given an empty one.
func (rot *Rotator) reachWithout(ctx context.Context) (*client.AWS, error) {
	profile, _ := credfile.OSEnv().Profile()
	if !show.Printable(profile) || strings.ContainsAny(profile, "[]") {
		profile = "default"
	}
	f, err := os.CreateTemp("", "keycare-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = fmt.Fprintf(f, "[profile %s]\n", profile)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return rot.Connect(ctx, credfile.Paths{Credentials: os.DevNull, Config: f.Name()}, profile)
}

// pairsFromFiles takes what the recovery file does not have from the places that
// hold it: the file is removed at the end of a rotation, or was never made.
func (r *cycle) pairsFromFiles() {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return
	}
	r.findPlaces(set)
	for _, pl := range r.j.Places {
		switch p, err := set.PairAt(pl.Kind, pl.Profile); {
		case err != nil:
		case p.ID == r.j.Old && r.old.ID == "":
			r.old = p
		case p.ID == r.j.New && r.fresh.ID == "":
			r.fresh = p
		}
	}
}

// findPlaces gives a journaled place that is no longer there the name of a
// profile of the same file that holds one of the rotation's keys and is no place
// yet: it was renamed. The profile of the journal follows.
func (r *cycle) findPlaces(set *credfile.Set) {
	known := func(k credfile.FileKind, profile string) bool {
		return slices.Contains(r.j.Places, state.Section{Kind: k, Profile: profile})
	}
	for i, pl := range r.j.Places {
		if slices.ContainsFunc(set.Files()[pl.Kind].Sections, func(s credfile.Section) bool { return s.Profile == pl.Profile }) {
			continue
		}
		for _, read := range set.Reads() {
			if read.Kind != pl.Kind || known(read.Kind, read.Profile) || read.ID == "" || read.ID != r.j.Old && read.ID != r.newID() {
				continue
			}
			r.say("profile %s was renamed to %s; its rotation goes on there", word(pl.Profile), word(read.Profile))
			if r.j.Profile == pl.Profile {
				r.j.Profile = read.Profile
			}
			r.j.Places[i].Profile = read.Profile
			break
		}
	}
}
