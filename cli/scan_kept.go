package cli

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"keycare/credfile/copies"
	"keycare/credfile/home"
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
	Goes    bool          `json:"goes_on,omitempty"` // it ran out of time among the files: the next goes on
}

const keptVersion = 1

// keepFound keeps what a scan found. That it cannot is not the scan's failure.
func keepFound(e *env, began time.Time, found copies.Result, repos int, goes bool) {
	folder, err := e.State()
	if err != nil || folder.Guest() {
		return
	}
	if err := folder.SaveFound(keptScan{Version: keptVersion, Time: began, Repos: repos, Result: found, Goes: goes}); err != nil {
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

// lastScan tells in what of the last scan still holds: files that were removed or
// changed since are left out, and so is what the audit found by itself. A file with a
// name of the console's is told as if the audit had looked at it.
func lastScan(e *env, in *report.Input) {
	kept, ok := readKept(e)
	if !ok {
		return
	}
	keys := in.OwnKeys
	if keys == nil {
		keys = ownKeys(e, *in)
		in.OwnKeys = keys
	}
	seen := map[string]bool{}
	for i := range in.KeyFiles {
		seen[in.KeyFiles[i].Path] = true
	}
	consent := consentFolders(e)
	var found []copies.Copy
	named := map[string]*copies.KeyFile{}
	for _, c := range kept.Result.Copies {
		asks := in.Partial && slices.ContainsFunc(consent, func(dir string) bool { return below(dir, c.Path) })
		if seen[c.Path] || !asks && !holds(e, kept, c) {
			continue
		}
		c.Judge(keys, accountsOf(keys, in.Policy.Accounts)) // a key may have been replaced since
		if c.Git || c.Inner != "" || c.Place != copies.RootFile && c.Place != copies.Download {
			found = append(found, c)
			continue
		}
		f := named[c.Path]
		if f == nil {
			f = &copies.KeyFile{Named: copies.Named{Path: c.Path, Place: c.Place}}
			named[c.Path] = f
		}
		f.Copies = append(f.Copies, c)
	}
	for _, path := range slices.Sorted(maps.Keys(named)) {
		if in.Partial && slices.ContainsFunc(consent, func(dir string) bool { return below(dir, path) }) {
			in.KeyFiles = append(in.KeyFiles, home.KeyFile{KeyFile: *named[path]})
			continue
		}
		in.KeyFiles = append(in.KeyFiles, home.KeyFileOf(e.Disk, e.Vars, *named[path]))
	}
	kept.Result.Copies = found
	in.Found = &report.Found{Result: kept.Result, Keys: keys, Repos: kept.Repos}
}

// holds reports whether a file is as the last scan saw it.
func holds(e *env, kept keptScan, c copies.Copy) bool {
	fi, err := e.Disk.Stat(c.Path)
	if err != nil || c.Git || !fi.ModTime().After(kept.Time) {
		return err == nil
	}
	changed, known := copies.ChangeTime(c.Path) // a program may have set the other to any time
	return known && !changed.After(kept.Time)
}

func below(dir, path string) bool {
	return strings.HasPrefix(path, dir+string(filepath.Separator))
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
			if c.KeyID == id && c.Whole() && !c.Git && !slices.Contains(paths, c.Path) && holds(e, kept, c) {
				paths = append(paths, c.Path)
			}
		}
		return paths, kept.Time
	}
}

const (
	// scanEvery is how often the timer looks for copies of keys.
	scanEvery = 7 * 24 * time.Hour
	// scanWithin bounds such a scan: what it has not seen by then is left to the next run.
	scanWithin = 20 * time.Minute
)

// consentFolders are those for which macOS asks the person at the screen, one by one,
// even if only the time of a file in them is wanted.
func consentFolders(e *env) (all []string) {
	if e.Vars.GOOS == "darwin" {
		for _, name := range []string{"Desktop", "Documents", "Downloads", "Movies", "Music", "Pictures", "Library", ".Trash"} {
			all = append(all, filepath.Join(e.Folders.Home, name))
		}
	}
	return all
}

// scanIfDue is the timer's scan, which reads only what changed since the last one. One
// that ends before its end keeps what it saw; where files have marks, the timer's next
// run goes on there, for else a large home would never be seen to its end.
func scanIfDue(ctx context.Context, e *env, accounts []string) {
	kept, ok := readKept(e)
	if ok && !kept.Goes && !kept.Time.After(e.Now()) && e.Now().Sub(kept.Time) < scanEvery {
		return // one of the future is from when the clock was wrong
	}
	in, _, err := gather(e, scope{offline: true, filesAlone: true})
	roots, rootErr := scanRoots(e, nil)
	if err != nil || rootErr != nil {
		return
	}
	keys := ownKeys(e, in)
	col := copies.NewCollector(copies.NewMatcher(keys, copies.Options{Others: true}), accountsOf(keys, accounts), new(copies.Counter))
	s := &scanRun{e: e, roots: roots, count: col.Count(), archives: true, git: true, consent: consentFolders(e)}
	began := e.Now()
	var whole time.Time
	if s.marks, whole = lookedBefore(e, began, keys); s.marks == nil {
		s.marks, whole = &copies.Marks{Began: began}, began
	}
	repos, err := s.run(ctx, col)
	short := ctx.Err() != nil
	if err != nil && !short {
		return
	}
	found, goes := col.Result(), false
	if short {
		made, _, passed := s.marks.Made()
		goes = !s.walked && int64(len(made)) > passed
		found.CutShort(roots[0], stillHeld(e, kept, found))
	}
	keepFound(e, began, found, repos, goes)
	s.keepLooked(began, whole, keys)
}

// stillHeld is what an earlier scan found where a later one, which was cut short, told
// nothing.
func stillHeld(e *env, earlier keptScan, later copies.Result) (all []copies.Copy) {
	told := map[string]bool{}
	for _, c := range later.Copies {
		told[c.Path] = true
	}
	for _, c := range earlier.Result.Copies {
		if !told[c.Path] && holds(e, earlier, c) {
			all = append(all, c)
		}
	}
	return all
}
