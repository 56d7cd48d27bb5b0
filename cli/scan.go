package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/copies/gitobj"
	"keycare/credfile/show"
	"keycare/credfile/sorting"
	"keycare/report"
	"keycare/report/format"
)

func scanCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "scan",
		Category:  "Look",
		Usage:     "find copies of your keys in other files and in Git histories",
		ArgsUsage: "[PATH]...",
		Description: "Looks for your keys, present and past, in every form (plain, escaped, UTF-16,\n" +
			"base64, hex), in the files below PATH, in archives and in all objects of Git\n" +
			"repositories; also for other AWS keys beside a secret. Without PATH it\n" +
			"looks into your home folder. It never asks AWS, changes nothing, and prints no\n" +
			"secret. It follows no link and leaves caches out; what it did not look at is said.",
		Flags: slices.Concat([]cli.Flag{
			&cli.BoolFlag{Name: "no-git", Usage: "leave out the objects of Git repositories"},
			&cli.BoolFlag{Name: "no-archives", Usage: "leave out what is in archives and documents"},
			&cli.BoolFlag{Name: "deep", Usage: "look into caches, pictures and large archives too"},
			&cli.StringFlag{Name: "key", Usage: "show the copies of the key with this `ID` alone, all of them", Action: func(_ *cli.Context, id string) error {
				if !show.IsKeyID(id) {
					return usagef("--key: it is not a key ID, such as AKIAIOSFODNN7EXAMPLE")
				}
				return nil
			}},
		}, outputFlags(), []cli.Flag{
			choice("fail-on", "high", "exit with 1 for a finding of this `LEVEL` or above", report.LevelNames()...),
		}),
		UsageText: usage.Examples(
			"keycare scan", "your home folder",
			"keycare scan ~/src --deep", "one folder, caches too",
			"keycare scan --no-git", "files alone, which is faster",
			"keycare scan --key AKIAIOSFODNN7EXAMPLE", "all copies of one key"),
		Action: action(e, runScan),
	}
}

func runScan(e *env, c *cli.Context) error {
	set, err := e.Settings()
	if err != nil {
		return err
	}
	outputs, err := outputsOf(e, c)
	if err != nil {
		return err
	}
	failOn, err := failOnOf(set, c)
	if err != nil {
		return err
	}
	e.sayGuest()
	in, _, err := gather(e, scope{policy: policyOf(set), never: set.NeverCall, offline: true, filesAlone: true})
	if err != nil {
		return err
	}
	for _, err := range in.ReadErrors {
		e.warn("%v: keys that are only there are not known", err)
	}
	roots, err := scanRoots(e, c.Args().Slice())
	if err != nil {
		return err
	}
	keys := ownKeys(e, in)
	m := copies.NewMatcher(keys, copies.Options{Others: true})
	count := new(copies.Counter)
	col := copies.NewCollector(m, accountsOf(keys, set.Accounts), count)
	s := &scanRun{e: e, roots: roots, count: count, deep: c.Bool("deep"), archives: !c.Bool("no-archives"), git: !c.Bool("no-git")}
	began, usual := e.Now(), c.NArg() == 0 && !c.Bool("no-archives") && !c.Bool("no-git")
	if usual && !s.deep { // a deep one looks where the timer's does not
		s.marks = &copies.Marks{Began: began}
	}
	repos, scanErr := s.run(c.Context, col)
	if usual && scanErr == nil {
		keepFound(e, began, col.Result(), repos, false)
		s.keepLooked(began, began, keys)
	}
	in.Found = &report.Found{Result: col.Result(), Keys: keys, Repos: repos, Only: c.String("key")}
	rep := report.ScanReport(in)
	if scanErr != nil {
		rep.Complete, rep.Incomplete = false, append(rep.Incomplete, strings.ReplaceAll(scanErr.Error(), "\n", "; "))
	}
	if err := writeReports(e, []*report.Report{rep}, outputs, format.Options{}); err != nil {
		return err
	}
	switch {
	case c.Context.Err() != nil:
		return fmt.Errorf("interrupted: what was found until then is above")
	case scanErr != nil:
		return fmt.Errorf("the scan is not complete: %w", scanErr)
	case rep.Fails(failOn):
		return errFindings
	}
	return nil
}

// knownPlaces are where tools keep keys outside of a home folder.
var knownPlaces = []string{"/etc/boto.cfg", "/etc/passwd-s3fs", "/etc/environment", "/etc/profile.d"}

// scanRoots are the paths that are given, or else the home folder and the known
// places outside of it.
func scanRoots(e *env, given []string) (roots []string, err error) {
	if len(given) == 0 {
		if e.Folders.Home == "" {
			return nil, usagef("no home folder: set HOME, or name the folders to look into")
		}
		roots = append(roots, e.Folders.Home)
		for _, path := range knownPlaces {
			if _, err := os.Lstat(path); err == nil && e.Vars.GOOS != "windows" {
				roots = append(roots, path)
			}
		}
		return roots, nil
	}
	for _, path := range given {
		full, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		if _, err := e.Disk.Lstat(full); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no file or folder %s: nothing was scanned", path)
		}
		roots = append(roots, full)
	}
	return roots, nil
}

// scanRun is one scan.
type scanRun struct {
	e                   *env
	roots               []string
	count               *copies.Counter
	deep, archives, git bool
	consent             []string // folders of the home that are left out
	marks               *copies.Marks
	walked              bool // all files are looked at
}

// run looks through files and repositories. It shows on the way how far it is.
func (s *scanRun) run(ctx context.Context, col *copies.Collector) (repos int, err error) {
	line := s.e.progress("looking for keys", "", 0)
	defer line.Done()
	watched, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for wait(watched, time.Second/2) == nil {
			says := show.Count(int(s.count.Files.Load()), "file")
			if n := s.count.Objects.Load(); n > 0 {
				says += fmt.Sprintf(", %d objects of Git repositories", n)
			}
			line.Say(fmt.Sprintf("looking for keys: %s, %d MB, %s found", says, s.count.Bytes.Load()>>20, show.Count(int(s.count.Found.Load()), "place")))
		}
	}()
	dirs, err := copies.Walk(ctx, col, copies.WalkOptions{Roots: s.roots, Deep: s.deep, Archives: s.archives, Leave: append(s.leave(), s.consent...), Marks: s.marks})
	if ctx.Err() != nil {
		return 0, err
	}
	s.walked = true
	all := gitobj.Repos(dirs)
	for _, dir := range s.consent {
		col.Skip(copies.Consent, dir)
	}
	if !s.git {
		for _, r := range all {
			col.Skip(copies.NoHistory, r.Shown())
		}
		return 0, err
	}
	git, lookErr := exec.LookPath("git")
	if lookErr != nil {
		git = ""
	}
	memory, keep := s.memory()
	gitErr := gitobj.Scan(ctx, col, all, gitobj.Options{Git: git, Memory: memory, Archives: s.archives})
	if s.archives { // else not all was looked at
		keep() // if it was cut short, what was read to its end
	}
	return len(all), errors.Join(err, gitErr)
}

// leave are the files in which the keys are at home, and keycare's own.
func (s *scanRun) leave() (all []string) {
	if paths, err := s.e.Paths(); err == nil {
		all = append(all, paths.Credentials, paths.Config)
	}
	if folder, err := s.e.State(); err == nil {
		all = append(all, folder.Dir)
	}
	if s.e.Folders.Config != "" {
		all = append(all, filepath.Join(s.e.Folders.Config, "keycare.ini"))
	}
	return all
}

// memory is what earlier scans found in repositories, and how it is kept. That it
// cannot be kept makes the next scan slower, and nothing else.
func (s *scanRun) memory() (m *gitobj.Memory, keep func()) {
	folder, err := s.e.State()
	if err != nil {
		return nil, func() {}
	}
	return gitobj.NewMemory(folder.ReadScan), func() {
		if !folder.Guest() {
			_ = folder.SaveScan(m)
		}
	}
}

// ownKeys are the user's keys, present and past, as far as the files, the history
// and earlier audits know them.
func ownKeys(e *env, in report.Input) (keys []copies.Key) {
	index := make(map[string]int)
	at := func(id string) *copies.Key {
		f := credfile.FactsOf(id)
		if f.Kind != credfile.LongTerm || f.Example || f.Canary {
			return nil
		}
		i, ok := index[id]
		if !ok {
			i, keys = len(keys), append(keys, copies.Key{ID: id, State: copies.Gone})
			index[id] = i
		}
		return &keys[i]
	}
	if in.Set != nil {
		for _, name := range in.Set.Profiles() {
			for _, r := range []credfile.Reading{in.Set.CLI(name), in.Set.SDK(name)} {
				k := at(r.Pair.ID)
				if k == nil || r.Pair.Secret.Empty() || !r.Token.Empty() {
					continue
				}
				k.Secret, k.State = r.Pair.Secret, copies.Current
				if !slices.Contains(k.Profiles, name) {
					k.Profiles = append(k.Profiles, name)
				}
			}
		}
	}
	past := func(id string, s copies.State) {
		if k := at(id); k != nil && k.State != copies.Current {
			k.State = s
		}
	}
	folder, err := e.State()
	if err != nil {
		return keys
	}
	for id, cached := range folder.FactCache().Keys {
		past(id, copies.Gone)
		if k := at(id); k != nil {
			k.Created = cached.Created
		}
	}
	history, err := folder.History()
	if err != nil {
		e.warn("the history of rotations cannot be read, so past keys are not all known: %v", err)
	}
	for _, h := range history {
		past(h.New, copies.Gone)
		past(h.Old, retiredTo(h.Retired))
		past(h.Orphan, retiredTo(h.OrphanNow))
		if h.Outcome == "rotated" {
			past(h.Second, copies.Deleted)
		}
	}
	for _, r := range in.Rotations {
		if r.Stage == "grace" {
			past(r.Old, copies.Grace)
		}
	}
	sorting.By(keys, func(a, b copies.Key) int { // the cache has no order
		if (a.State == copies.Current) != (b.State == copies.Current) {
			return map[bool]int{true: -1, false: 1}[a.State == copies.Current]
		}
		return strings.Compare(a.ID, b.ID)
	})
	return keys
}

// retiredTo is the state that the history's words are about.
func retiredTo(word string) copies.State {
	switch word {
	case "deleted":
		return copies.Deleted
	case "inactive":
		return copies.Inactive
	}
	return copies.Gone
}

// accountsOf are the accounts of keys and those that the settings name.
func accountsOf(keys []copies.Key, named []string) []string {
	all := slices.Clone(named)
	for _, k := range keys {
		if a := credfile.FactsOf(k.ID).Account; a != "" && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}
