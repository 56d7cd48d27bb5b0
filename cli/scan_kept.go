package cli

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"keycare/credfile/copies"
	"keycare/report"
)

// This file is about what a scan of all usual places leaves for audits and
// rotations, and about the scan that the timer makes.

// keptScan is that: where keys are, and no secret.
type keptScan struct {
	Version int           `json:"version"`
	Time    time.Time     `json:"time"` // when it began
	Repos   int           `json:"repositories"`
	Result  copies.Result `json:"result"`
}

const keptVersion = 1

// keepFound keeps what a scan found. That it cannot is not the scan's failure.
func keepFound(e *env, began time.Time, found copies.Result, repos int) {
	folder, err := e.State()
	if err != nil || folder.Guest() {
		return
	}
	if err := folder.SaveFound(keptScan{keptVersion, began, repos, found}); err != nil {
		e.warn("what was found is not kept for audits: %v", err)
	}
}

// readKept is what the last scan left; false where there is none.
func readKept(e *env) (kept keptScan, ok bool) {
	folder, err := e.State()
	if err != nil {
		return kept, false
	}
	err = folder.ReadFound(&kept)
	return kept, err == nil && kept.Version == keptVersion
}

// lastScan is what of the last scan still holds: files that were removed or changed
// since are left out, and so is what the audit finds by itself.
func lastScan(e *env, in report.Input) *report.Found {
	kept, ok := readKept(e)
	if !ok {
		return nil
	}
	keys := ownKeys(e, in)
	seen := slices.Clone(in.OtherFiles.Legacy)
	for _, s := range in.AWSFiles.Siblings {
		seen = append(seen, s.Path)
	}
	kept.Result.Copies = slices.DeleteFunc(kept.Result.Copies, func(c copies.Copy) bool {
		fi, err := e.Disk.Stat(c.Path)
		return err != nil || slices.Contains(seen, c.Path) || !c.Git && fi.ModTime().After(kept.Time)
	})
	for i := range kept.Result.Copies { // a key may have been replaced since
		c := &kept.Result.Copies[i]
		j := slices.IndexFunc(keys, func(k copies.Key) bool { return k.ID == c.KeyID })
		if c.Key = j; j < 0 || c.Tier == copies.Bait {
			continue
		}
		if c.Tier = copies.OwnPast; keys[j].State == copies.Current {
			c.Tier = copies.OwnCurrent
		}
	}
	return &report.Found{Result: kept.Result, Keys: keys, Repos: kept.Repos}
}

// keptElsewhere tells the files beside the AWS files that hold the secret of a key, as the
// last scan saw it.
func keptElsewhere(e *env) func(id string) ([]string, time.Time) {
	return func(id string) (paths []string, at time.Time) {
		kept, ok := readKept(e)
		if !ok {
			return nil, at
		}
		for _, c := range kept.Result.Copies {
			fi, err := e.Disk.Stat(c.Path)
			if c.KeyID == id && c.Whole() && !c.Git && err == nil && !fi.ModTime().After(kept.Time) && !slices.Contains(paths, c.Path) {
				paths = append(paths, c.Path)
			}
		}
		return paths, kept.Time
	}
}

const (
	// scanEvery is how often the timer looks for copies of keys.
	scanEvery = 7 * 24 * time.Hour
	// scanWithin bounds such a scan: what it has not seen by then is left to the next.
	scanWithin = 20 * time.Minute
)

// consentFolders are those for which macOS asks the person at the screen, one by one.
var consentFolders = []string{"Desktop", "Documents", "Downloads", "Movies", "Music", "Pictures", "Library", ".Trash"}

// scanIfDue is the timer's scan. One that does not come to its end changes nothing.
func scanIfDue(ctx context.Context, e *env, accounts []string) {
	if kept, ok := readKept(e); ok && e.Now().Sub(kept.Time) < scanEvery {
		return
	}
	in, _, err := gather(e, scope{offline: true})
	roots, rootErr := scanRoots(e, nil)
	if err != nil || rootErr != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, scanWithin)
	defer cancel()
	keys := ownKeys(e, in)
	col := copies.NewCollector(copies.NewMatcher(keys, copies.Options{Others: true}), accountsOf(keys, accounts), new(copies.Counter))
	s := &scanRun{e: e, roots: roots, count: col.Count(), archives: true, git: true}
	if e.Vars.GOOS == "darwin" {
		for _, name := range consentFolders {
			s.consent = append(s.consent, filepath.Join(e.Folders.Home, name))
		}
	}
	began := e.Now()
	if repos, err := s.run(ctx, col); ctx.Err() == nil && err == nil {
		keepFound(e, began, col.Result(), repos)
	}
}
