// Package gitobj looks for keys in the objects of Git repositories: all there are, in
// packs and loose ones, whatever refers to them. It asks git for nothing but objects
// and their names, in an environment in which git runs no program of the repository's.
package gitobj

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"keycare/credfile/copies"
	"keycare/credfile/sorting"
)

// Repo is a place of objects, which several work trees may share.
type Repo struct {
	Dir   string // .git, or that of a bare repository
	Store string // its objects
}

// Shown is the repository's path for people: that of its work tree, if it has one.
func (r Repo) Shown() string {
	if filepath.Base(r.Dir) == ".git" {
		return filepath.Dir(r.Dir)
	}
	return r.Dir
}

// Repos are the repositories of the folders that a walk met, each once.
func Repos(dirs []string) (all []Repo) {
	for _, dir := range dirs {
		if b, err := readSmall(filepath.Join(dir, "commondir")); err == nil { // a work tree of another
			common := strings.TrimSpace(b)
			if !filepath.IsAbs(common) {
				common = filepath.Join(dir, common)
			}
			dir = common
		}
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			real, err = filepath.Abs(real)
		}
		if err != nil {
			continue
		}
		store, err := filepath.EvalSymlinks(filepath.Join(real, "objects"))
		if err == nil && !slices.ContainsFunc(all, func(r Repo) bool { return r.Store == store }) {
			all = append(all, Repo{real, store})
		}
	}
	return all
}

// readSmall reads a small regular file.
func readSmall(path string) (string, error) {
	fi, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if !fi.Mode().IsRegular() || fi.Size() > 1<<20 {
		return "", errors.New("no small regular file")
	}
	b, err := os.ReadFile(path)
	return string(b), err
}

// alternates are the folders of objects from which a store borrows.
func alternates(store string) (all []string) {
	b, err := readSmall(filepath.Join(store, "info", "alternates"))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(b) {
		path := strings.TrimSpace(line)
		if path == "" || path[0] == '#' {
			continue
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(store, path)
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			all = append(all, real)
		}
	}
	return all
}

// Options say how repositories are looked at.
type Options struct {
	Git string // the program; empty where there is none
	// Memory is what earlier scans found. It is brought up to date. May be nil.
	Memory *Memory
	// Archives says that what they hold is looked at, too.
	Archives bool
}

// Scan looks into the objects of the repositories. An error says which could not be
// read to their end; what was found until then is in c.
func Scan(ctx context.Context, c *copies.Collector, repos []Repo, o Options) error {
	var group sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	next := make(chan Repo)
	for range 2 { // git has a processor of its own beside ours
		group.Go(func() {
			s := &scan{c: c, o: o, all: repos, scanner: copies.NewScanner(c.Matcher()), gather: c.NewGather()}
			for r := range next {
				if ctx.Err() != nil {
					continue
				}
				if err := s.repo(ctx, r); err != nil && ctx.Err() == nil {
					mu.Lock()
					errs = append(errs, fmt.Errorf("the Git repository %s was not read to its end: %w", r.Shown(), err))
					mu.Unlock()
				}
			}
		})
	}
	for _, r := range repos {
		next <- r
	}
	close(next)
	group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	sorting.By(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// scan is one goroutine's work.
type scan struct {
	c       *copies.Collector
	o       Options
	all     []Repo
	scanner *copies.Scanner
	gather  *copies.Gather
}

func (s *scan) repo(ctx context.Context, r Repo) error {
	shape := shapeOf(r)
	if shape.partial {
		s.c.Skip(copies.GitMissing, r.Shown())
	}
	seen, known := s.o.Memory.recall(s.c, r, shape)
	var err error
	if !known {
		var now stock
		if s.o.Memory != nil && s.o.Git != "" {
			now = stockOf(r.Store)
		}
		seen.Objects, seen.Unread, err = s.objects(ctx, r, shape, now, seen)
		seen.Sought, seen.stock = nil, stock{}
		if now.equal(stockOf(r.Store)) { // nothing came or went while it was read
			seen.stock = now
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(seen.Unread)) {
		for range seen.Unread[reason] { // an object each
			s.c.Skip(reason, r.Shown())
		}
	}
	if !known || seen.Refs != shape.refs {
		seen.Refs, seen.Copies = shape.refs, slices.Clone(seen.Objects)
		err = errors.Join(err, s.name(ctx, r, shape, known, seen.Copies))
		if err == nil && ctx.Err() == nil && s.o.Git != "" {
			s.o.Memory.keep(s.c, r, shape, seen)
		}
	}
	for i := range seen.Copies {
		f := &seen.Copies[i]
		f.Path, f.Git, f.Place = r.Shown(), true, copies.InGit
	}
	s.c.Add(seen.Copies...)
	return err
}

// place takes the Inner of a copy apart that objects found: the object's type and name,
// and in an archive the member.
func place(inner string) (kind, id, member string) {
	object, member, _ := strings.Cut(inner, copies.MemberMark)
	kind, id, _ = strings.Cut(object, " ")
	return kind, id, member
}

// name gives what was found the names of files, and says what is missing.
func (s *scan) name(ctx context.Context, r Repo, shape shape, known bool, found []copies.Copy) error {
	ids, members := make([]string, len(found)), make([]string, len(found))
	for i := range found {
		kind, id, member := place(found[i].Inner)
		ids[i], members[i], found[i].Inner = id, member, kind+" "+id[:min(10, len(id))]
	}
	defer func() {
		for i, member := range members {
			if member != "" {
				found[i].Inner += copies.MemberMark + member
			}
		}
	}()
	if s.o.Git == "" || shape.odd != "" || known && len(found) == 0 {
		return nil
	}
	missing, err := nameObjects(ctx, s.o.Git, r.Dir, ids, found)
	if shape.partial {
		return err
	}
	if missing > 0 {
		err = errors.Join(err, fmt.Errorf("%d objects are missing", missing))
	}
	if err != nil && ctx.Err() == nil {
		s.c.Skip(copies.GitMissing, r.Shown())
	}
	return err
}

// objects looks into each object of a repository, but those that were there before and
// had nothing. The Inner of a copy is the object's type and name.
func (s *scan) objects(ctx context.Context, r Repo, shape shape, now stock, before Seen) (found []copies.Copy, left unread, err error) {
	if shape.odd != "" {
		s.c.Skip(copies.GitFailed, r.Shown())
		return nil, nil, fmt.Errorf("%s is no regular file", shape.odd)
	}
	var object string // of now
	take := func(inner string) {
		if s.gather.Found() {
			found = append(found, s.gather.Take(func(c *copies.Copy) { c.Inner = inner })...)
		}
	}
	how := copies.Unpack{Hit: s.gather.Hit, Count: s.c.Count(), Member: func(name string) { take(object + copies.MemberMark + name) },
		Skip: func(reason copies.Reason) { left.add(reason, object) }}
	look := func(o *content) error {
		object = o.kind + " " + string(o.name)
		err := o.scan(ctx, s.scanner, s.o.Archives, how)
		s.c.Count().Bytes.Add(o.size)
		s.c.Count().Objects.Add(1)
		take(object)
		return err
	}
	left = unread{}
	if s.o.Git == "" {
		if shape.packs > 0 {
			s.c.Skip(copies.GitPacks, r.Shown())
		}
		err = loose(ctx, r.Store, look)
		return found, left, err
	}
	for reason, all := range before.Unread {
		left[reason] = slices.Clone(all)
	}
	if s.again(ctx, r, now, before, look) {
		return found, left, nil
	}
	found, left = nil, unread{}
	var borrowed []string
	for _, a := range alternates(r.Store) {
		if i := slices.IndexFunc(s.all, func(o Repo) bool { return o.Store == a }); i >= 0 {
			borrowed = append(borrowed, s.all[i].Dir)
		}
	}
	missing, err := catFile(ctx, s.o.Git, r.Dir, borrowed, look)
	if missing > 0 && err == nil {
		err = fmt.Errorf("%d objects are damaged", missing)
	}
	if err != nil && ctx.Err() == nil {
		s.c.Skip(copies.GitFailed, r.Shown())
	}
	return found, left, err
}
