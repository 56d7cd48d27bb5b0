package settings

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
)

// Put returns the text of a settings file with an exception in it: in the place
// of the section of that name, or at the end. note is a comment for readers. All
// other bytes are as before, and all other settings are proved to read as before.
func Put(path, text string, e Exception, note string, known Known) (string, error) {
	section, err := sectionOf(e, note)
	if err != nil {
		return "", err
	}
	end := "\n"
	if i := strings.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		end = "\r\n"
	}
	section = strings.ReplaceAll(section, "\n", end)
	after := ""
	if own, ok := ownBytes(path, text, e.Name); ok {
		after = text[:own.Start] + section + text[own.End:]
	} else {
		after = text
		if after != "" && !strings.HasSuffix(after, "\n") {
			after += end
		}
		if strings.TrimLeft(after, "\ufeff") != "" && !strings.HasSuffix(after, end+end) {
			after += end
		}
		after += section
	}
	return after, proved(path, text, after, e.Name, &e, known)
}

// Drop returns the text without the exception of that name, and with all else as
// it was.
func Drop(path, text, name string, known Known) (string, error) {
	own, ok := ownBytes(path, text, name)
	if !ok {
		return "", fmt.Errorf("%s has no exception %q", path, name)
	}
	before, rest := text[:own.Start], text[own.End:]
	// The empty line that set it off goes with it.
	for _, end := range []string{"\r\n", "\n"} {
		if strings.HasSuffix(before, end+end) && (rest == "" || strings.HasPrefix(rest, end)) {
			before = strings.TrimSuffix(before, end)
			break
		}
	}
	after := before + rest
	return after, proved(path, text, after, name, nil, known)
}

// Section is the text of an exception's section as it stands in a file; empty for
// none.
func Section(path, text, name string) string {
	own, _ := ownBytes(path, text, name)
	return own.In(text)
}

// ownBytes are the bytes of the section of an exception: its header to its last
// setting. Comments and empty lines below belong to what follows.
func ownBytes(path, text, name string) (credfile.Span, bool) {
	f := credfile.Parse(path, credfile.CredentialsFile, text)
	for _, sec := range f.Sections {
		rest, ok := strings.CutPrefix(sec.Raw, exceptionWord)
		if !ok || strings.TrimSpace(rest) != name {
			continue
		}
		own := f.Lines[sec.First].Span
		if sec.First == 0 {
			own.Start = f.Lines[0].Name.Start - 1 // a byte order mark stays
		}
		for n := sec.First; n < sec.Last; n++ {
			if f.Lines[n].Kind == credfile.Property {
				own.End = f.Lines[n].End
			}
		}
		return own, true
	}
	return credfile.Span{}, false
}

// sectionOf writes an exception as a section.
func sectionOf(e Exception, note string) (string, error) {
	if !plain(e.Name) {
		return "", fmt.Errorf("%q cannot be the name of an exception", e.Name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[%s%s]\n", exceptionWord, e.Name)
	if note != "" {
		if strings.ContainsAny(note, "\r\n") {
			return "", errors.New("a note of several lines")
		}
		fmt.Fprintf(&b, "; %s\n", note)
	}
	fields := append(e.fields(), [2]string{"reason", e.Reason}, [2]string{"until", e.Until.AddDate(0, 0, -1).Format(time.DateOnly)})
	for _, f := range fields {
		if f[1] == "" {
			continue
		}
		value, err := written(f[1])
		if err != nil {
			return "", fmt.Errorf("%s: %w", f[0], err)
		}
		fmt.Fprintf(&b, "%s = %s\n", f[0], value)
	}
	return b.String(), nil
}

// plain reports whether a name needs no thought.
func plain(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// written is a value as it has to stand in the file: as it is, or between
// backticks where the reader would take a part of it for something else.
func written(v string) (string, error) {
	switch {
	case strings.ContainsAny(v, "\r\n\x00"):
		return "", errors.New("it must be one line")
	case strings.TrimSpace(v) == v && !strings.ContainsAny(v, "#;") && !strings.ContainsAny(v[:1], "`\"'"):
		return v, nil
	case strings.Contains(v, "`"):
		return "", errors.New("it cannot have a ` here")
	}
	return "`" + v + "`", nil
}

// proved reports an error unless after reads as before does, but for the exception
// of one name, which is want there, or is not there.
func proved(path, before, after, name string, want *Exception, known Known) error {
	old, err := read(path, before, known)
	if err != nil {
		return err
	}
	now, err := read(path, after, known)
	if err != nil {
		return fmt.Errorf("it would not read back as meant, so nothing was written: %w", err)
	}
	is := func(e Exception) bool { return e.Name == name }
	if i := slices.IndexFunc(now.Exceptions, is); (i >= 0) != (want != nil) {
		return errors.New("it would not read back as meant, so nothing was written")
	} else if want != nil {
		got, meant := now.Exceptions[i], *want
		got.Where, meant.Where = "", ""
		if got.Until.Equal(meant.Until) {
			got.Until = meant.Until
		}
		if got != meant {
			return errors.New("it would not read back as meant, so nothing was written")
		}
	}
	for _, s := range []*Settings{old, now} {
		s.from = nil
		s.Exceptions = slices.DeleteFunc(s.Exceptions, is)
		for i := range s.Exceptions {
			s.Exceptions[i].Where = ""
		}
	}
	if len(old.Exceptions)+len(now.Exceptions) == 0 {
		old.Exceptions, now.Exceptions = nil, nil
	}
	if !reflect.DeepEqual(old, now) {
		return errors.New("other settings would read differently, so nothing was written")
	}
	return nil
}
