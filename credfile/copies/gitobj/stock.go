package gitobj

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// stock are the objects of a store, told by names alone: those of a pack and of a loose
// object come from what is in them. What was in the stock of an earlier scan need not be
// read again.
type stock struct {
	Packs []string          `json:"packs,omitempty"`
	Loose map[string]string `json:"loose,omitempty"` // by folder, a hash of its names
}

const (
	// mostPacks bounds the packs that are remembered: with more, all is read again.
	mostPacks = 60
	// mostNew bounds the objects that are read one by one.
	mostNew = 200_000
)

// errWhole says that all objects have to be read.
var errWhole = errors.New("what is new is not known")

// stockOf is what a store has; an empty one if that is not known.
func stockOf(store string) stock {
	s := stock{Loose: map[string]string{}}
	files, err := os.ReadDir(filepath.Join(store, "pack"))
	if err != nil && !os.IsNotExist(err) || len(alternates(store)) > 0 {
		return stock{}
	}
	there := map[string]bool{}
	for _, f := range files {
		there[f.Name()] = true
	}
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), ".idx"); ok && there[name+".pack"] {
			s.Packs = append(s.Packs, name)
		}
	}
	for _, dir := range fanOut(store) {
		names, err := looseNames(store, dir)
		if err != nil || len(s.Packs) > mostPacks {
			return stock{}
		}
		sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
		s.Loose[dir] = hex.EncodeToString(sum[:8])
	}
	return s
}

func (s stock) equal(o stock) bool {
	return slices.Equal(s.Packs, o.Packs) && maps.Equal(s.Loose, o.Loose)
}

// looseNames are those of a folder's loose objects.
func looseNames(store, dir string) (names []string, err error) {
	files, err := os.ReadDir(filepath.Join(store, dir))
	for _, f := range files {
		if id := dir + f.Name(); (len(id) == 40 || len(id) == 64) && strings.Trim(id, "0123456789abcdef") == "" {
			names = append(names, id)
		}
	}
	return names, err
}

// since are the objects that a store has now and may not have had before: a pack that
// was not there, and all of a folder whose loose objects are others.
func (s stock) since(store string, before stock) (ids []string, err error) {
	if len(before.Packs) == 0 && len(before.Loose) == 0 || len(s.Packs) == 0 && len(s.Loose) == 0 {
		return nil, errWhole
	}
	for _, pack := range before.Packs {
		if !slices.Contains(s.Packs, pack) { // after a repack all is in another one
			return nil, errWhole
		}
	}
	for _, pack := range s.Packs {
		if slices.Contains(before.Packs, pack) {
			continue
		}
		more, err := idsOf(filepath.Join(store, "pack", pack))
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
	}
	for dir, sum := range s.Loose {
		if before.Loose[dir] == sum {
			continue
		}
		more, err := looseNames(store, dir)
		if err != nil {
			return nil, errWhole
		}
		ids = append(ids, more...)
	}
	if len(ids) > mostNew {
		return nil, errWhole
	}
	return ids, nil
}

// idsOf are the objects in a pack, by its index. Source: gitformat-pack(5), "Version 2
// pack-*.idx files".
func idsOf(pack string) (ids []string, err error) {
	const head, entry = 8 + 256*4, 4 + 4 // beside the name
	_, sum, _ := strings.Cut(filepath.Base(pack), "-")
	fi, err := os.Stat(pack + ".idx")
	if err != nil || !fi.Mode().IsRegular() || fi.Size() > mostNew*64 {
		return nil, errWhole
	}
	b, err := os.ReadFile(pack + ".idx")
	size := len(sum) / 2
	if err != nil || size != 20 && size != 32 || len(b) < head || string(b[:8]) != "\xfftOc\x00\x00\x00\x02" {
		return nil, errWhole
	}
	count := int(binary.BigEndian.Uint32(b[head-4:]))
	if len(b) < head+count*(size+entry)+2*size {
		return nil, errWhole
	}
	for i := range count {
		ids = append(ids, hex.EncodeToString(b[head+i*size:][:size]))
	}
	return ids, nil
}

// again reads what is new in a repository, and those objects in which something was
// found before. If that is not enough, all of it has to be read.
func (s *scan) again(ctx context.Context, r Repo, now stock, before Seen, look func(*content) error) (enough bool) {
	ids, err := now.since(r.Store, before.stock)
	if err != nil {
		return false
	}
	for _, c := range before.Objects {
		_, id, _ := place(c.Inner)
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var in bytes.Buffer
	for _, id := range slices.Compact(ids) {
		in.WriteString(id + "\n")
	}
	g, err := start(ctx, s.o.Git, r.Dir, &in, "cat-file", "--buffer", "--batch")
	if err != nil {
		return false
	}
	missing, err := g.objects(ctx, look)
	return err == nil && missing == 0
}
