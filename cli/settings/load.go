package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"gopkg.in/ini.v1"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// Load reads the settings: defaults, then the file at path if it exists, then
// the variables of environ, which is as os.Environ has it. An empty path is no
// file. A wrong name or value
// is an error that says where it stands.
func Load(d disk.FS, path string, environ []string, known Known) (*Settings, error) {
	s := &Settings{Path: path, from: map[string]string{}, text: map[string]string{}}
	for _, o := range options {
		if err := s.take(o, o.standard, "default", known); err != nil {
			return nil, err
		}
	}
	if err := s.file(d, path, known); err != nil {
		return nil, err
	}
	found := variables(environ)
	if err := checkVariables(found); err != nil {
		return nil, err
	}
	for _, o := range options {
		if v := found[o.variable()]; v != "" {
			if err := s.take(o, v, o.variable(), known); err != nil {
				return nil, fmt.Errorf("%s: %w", o.variable(), err)
			}
		}
	}
	return s, nil
}

func (s *Settings) take(o option, value, from string, known Known) error {
	s.from[o.full()], s.text[o.full()] = from, value
	if o.age && value != "" {
		s.text[o.full()] = shownAge(value)
	}
	return o.set(s, value, known)
}

// reader reads one file: ini.v1 the values, credfile the lines.
type reader struct {
	path  string
	lines *credfile.File
}

func (s *Settings) file(d disk.FS, path string, known Known) error {
	if path == "" {
		return nil
	}
	text, err := credfile.ReadText(d, path)
	if errors.Is(err, fs.ErrNotExist) {
		return lost(d, path)
	}
	s.Found = true
	if errors.Is(err, fs.ErrPermission) {
		// The audit, which names the command for other files, needs the settings.
		if back := credfile.GiveBack(d, path); back != "" {
			return fmt.Errorf("no permission to read the settings in %s, for it or its folder belongs to another user, as after a run by root: %s", path, back)
		}
		return fmt.Errorf("no permission to read the settings in %s: look who owns it and its folders", path)
	}
	if err != nil {
		return err
	}
	if fi, err := d.Stat(path); err == nil {
		if others, open := disk.OthersCanChange(path, fi); open {
			closed := show.Command("linux", "chmod", "go-w", path)
			if runtime.GOOS == "windows" {
				closed = show.Icacls(path, false, disk.UserName(), disk.SIDs(others)...)
			}
			return fmt.Errorf("%s: other users can change it, and it may name a command: %s", path, closed)
		}
	}
	return s.parse(path, text, known)
}

// Temp is where the new text of a settings file lies until it is put in its place.
func Temp(path string) string { return path + ".keycare-new" }

// lost is an error where there is no settings file because a replacement stopped
// half way: without it keys would be called that never may be.
func lost(d disk.FS, path string) error {
	if _, err := d.Lstat(Temp(path)); err != nil {
		return nil
	}
	move := []string{"mv", Temp(path), path}
	if runtime.GOOS == "windows" {
		move[0] = "move"
	}
	return fmt.Errorf("%s is gone, as after a crash while it was replaced; its text is in %s: %s", path, Temp(path), show.Command(runtime.GOOS, move...))
}

// read is what the text of a settings file says, without variables.
func read(path, text string, known Known) (*Settings, error) {
	s := Default()
	return s, s.parse(path, text, known)
}

// parse reads the text of the file at path.
func (s *Settings) parse(path, text string, known Known) error {
	r := &reader{path, credfile.Parse(path, credfile.CredentialsFile, text)}
	if err := r.check(); err != nil {
		return err
	}
	f, err := ini.LoadSources(ini.LoadOptions{IgnoreContinuation: true, PreserveSurroundedQuote: true}, []byte(text))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, sec := range f.Sections() {
		name := sec.Name()
		if name == ini.DefaultSection {
			name = ""
		}
		if rest, ok := strings.CutPrefix(name, exceptionWord); ok {
			e, err := r.exception(strings.TrimSpace(rest), sec, known)
			if err != nil {
				return err
			}
			s.Exceptions = append(s.Exceptions, e)
			continue
		}
		if profile, ok := strings.CutPrefix(name, afterPrefix); ok {
			if err := s.after(r, strings.TrimSpace(profile), sec); err != nil {
				return err
			}
			continue
		}
		for _, k := range sec.Keys() {
			at := r.at(name, k.Name())
			if name == severitySec {
				if err := s.severity(k.Name(), k.Value(), at, known); err != nil {
					return fmt.Errorf("%s: %s: %w", at, k.Name(), err)
				}
				continue
			}
			i := slices.IndexFunc(options, func(o option) bool { return o.section == name && o.name == k.Name() })
			if i < 0 {
				return fmt.Errorf("%s: there is no setting %q here%s", at, k.Name(), near(k.Name(), name))
			}
			if err := s.take(options[i], k.Value(), at, known); err != nil {
				return fmt.Errorf("%s: %s: %w", at, k.Name(), err)
			}
		}
	}
	return nil
}

func near(name, section string) string {
	var names []string
	for _, o := range options {
		if o.section == section {
			names = append(names, o.name)
		}
	}
	if like := credfile.Nearest(name, names); like != "" {
		return fmt.Sprintf("; did you mean %q?", like)
	}
	return "; there are: " + strings.Join(names, ", ")
}

// check refuses what ini.v1 would pass over or merge.
func (r *reader) check() error {
	seen := map[string]bool{}
	for _, sec := range r.lines.Sections {
		if sec.Raw != "" {
			name := sec.Raw
			if !knownSection(name) {
				return fmt.Errorf("%s:%d: there is no section [%s]; %s", r.path, sec.First+1, show.Plain(name), otherSections(name))
			}
			if seen["["+name] {
				return fmt.Errorf("%s:%d: a second section [%s]", r.path, sec.First+1, name)
			}
			seen["["+name] = true
		}
		for n := sec.First; n < sec.Last; n++ {
			l := r.lines.Lines[n]
			switch l.Kind {
			case credfile.Junk:
				return fmt.Errorf("%s:%d: this line is no setting: write name = value", r.path, n+1)
			case credfile.Property:
				key := sec.Raw + "\x00" + l.Name.In(r.lines.Text)
				if seen[key] {
					return fmt.Errorf("%s:%d: %s is set a second time", r.path, n+1, l.Name.In(r.lines.Text))
				}
				seen[key] = true
			}
		}
	}
	return nil
}

// at is file:line of a setting, or of its section where the name is empty.
func (r *reader) at(section, name string) string {
	for _, sec := range r.lines.Sections {
		if sec.Raw != section {
			continue
		}
		for n := sec.First; n < sec.Last; n++ {
			if l := r.lines.Lines[n]; name == "" || l.Kind == credfile.Property && l.Name.In(r.lines.Text) == name {
				return fmt.Sprintf("%s:%d", r.path, n+1)
			}
		}
	}
	return r.path
}
