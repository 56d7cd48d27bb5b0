package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"keycare/credfile/disk"
)

// mostGiven bounds a file that a command is given to read. A report of hundreds of
// machines in one file has a tenth of it.
const mostGiven = 128 << 20

// readGiven reads a file that the user names. It may be a pipe, as shells give one
// for <(command). Of one that nobody writes to nothing comes, and one that does not
// end is left at an interrupt.
func (e *env) readGiven(ctx context.Context, path string) (b []byte, err error) {
	fi, err := e.Disk.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s", path)
	case err != nil:
		return nil, fmt.Errorf("cannot read %s: %w", path, inner(err))
	case fi.IsDir():
		return nil, fmt.Errorf("%s is a folder: name the files in it", path)
	case fi.Mode().IsRegular() && fi.Size() > mostGiven:
		return nil, tooLong(path)
	case fi.Mode().IsRegular():
		if b, err = e.Disk.ReadFile(path); err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", path, inner(err))
		}
		return b, nil
	}
	f, err := os.OpenFile(path, os.O_RDONLY|disk.NoWait, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, inner(err))
	}
	defer f.Close()
	defer context.AfterFunc(ctx, func() { _ = f.Close() })()
	var text bytes.Buffer
	switch n, err := io.Copy(&text, io.LimitReader(f, mostGiven+1)); {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("cannot read %s: %w", path, inner(err))
	case n > mostGiven:
		return nil, tooLong(path)
	}
	return text.Bytes(), nil
}

func tooLong(path string) error {
	return fmt.Errorf("%s has more than %d MB: no report is that long", path, mostGiven>>20)
}

// inner is an error of a file without its name, which the sentence around it has.
func inner(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path) && path == err:
		return path.Err
	case errors.As(err, &link) && link == err:
		return link.Err
	}
	return err
}
