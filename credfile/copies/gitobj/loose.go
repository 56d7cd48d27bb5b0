package gitobj

import (
	"bufio"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// loose hands the loose objects of a store to look, without git.
func loose(ctx context.Context, store string, look func(*content) error) error {
	var errs []error
	for _, dir := range fanOut(store) {
		files, err := os.ReadDir(filepath.Join(store, dir))
		if err != nil {
			errs = append(errs, err)
		}
		for _, f := range files {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if !f.Type().IsRegular() || len(f.Name()) < 30 {
				continue
			}
			if err := looseObject(filepath.Join(store, dir, f.Name()), dir+f.Name(), look); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func looseObject(path, name string, look func(*content) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zlib.NewReader(f)
	if err != nil {
		return err
	}
	b := bufio.NewReader(z)
	head, err := b.ReadString(0)
	if err != nil {
		return err
	}
	kind, digits, _ := strings.Cut(strings.TrimSuffix(head, "\x00"), " ")
	size, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return err
	}
	return look(&content{kind: kind, name: []byte(name), size: size, body: io.LimitReader(b, size)})
}

// fanOut are the folders of a store's loose objects.
func fanOut(store string) (dirs []string) {
	all, _ := os.ReadDir(store) // what cannot be read has none
	for _, d := range all {
		if d.IsDir() && len(d.Name()) == 2 && strings.Trim(d.Name(), "0123456789abcdef") == "" {
			dirs = append(dirs, d.Name())
		}
	}
	return dirs
}
