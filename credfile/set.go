package credfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"keycare/credfile/disk"
)

// MaxFile is the largest shared file that keycare reads, in bytes. A file of
// 100,000 profiles has about 12 MB; what is larger is no credentials file.
const MaxFile = 64 << 20

// Set is the two shared files as they were read together, with each tool's
// reading of them.
type Set struct {
	Credentials, Config *File
	Paths               Paths
	Copies              []Copy // those that Paths names, in the same order
	// Missing names the files that do not exist, or are the null device. They read
	// as empty.
	Missing []string
	// One says that both names are one file: it is read under the rules of both,
	// and written once.
	One bool

	cli, sdk [2]*view
	cliProf  [2]map[string]*group
	sdkProf  [2]map[string]*group
	unfit    func() map[string]Misplaced // once, by profile, or by the text of another header
}

// Load reads both files. A file that does not exist is empty and listed in
// Missing; any other failure to read is an error that names the file.
func Load(d disk.FS, p Paths) (*Set, error) {
	var missing []string
	read := func(path string) (string, error) {
		if isNull(d, path) {
			missing = append(missing, path)
			return "", nil
		}
		text, err := ReadText(d, path)
		if errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, path)
			return "", nil
		}
		return text, err
	}
	creds, err := read(p.Credentials)
	if err != nil {
		return nil, err
	}
	config, err := read(p.Config)
	if err != nil {
		return nil, err
	}
	s := newSet(p, creds, config, creds == config && creds != "" && sameFile(d, p))
	s.Missing, s.Copies = missing, loadCopies(d, p)
	return s, nil
}

// isNull reports whether path is the null device, which the AWS CLI and the Go
// SDK read as an empty file.
func isNull(d disk.FS, path string) bool {
	fi, err := d.Stat(path)
	if err != nil || fi.Mode()&fs.ModeCharDevice == 0 {
		return false
	}
	null, err := d.Stat(os.DevNull)
	return err == nil && os.SameFile(fi, null)
}

// sameFile reports whether both names lead to one file by links.
func sameFile(d disk.FS, p Paths) bool {
	a, errA := d.EvalSymlinks(p.Credentials)
	b, errB := d.EvalSymlinks(p.Config)
	return errA == nil && errB == nil && a == b && !isNull(d, a)
}

// ReadText reads a shared file, or the settings, whole. It refuses what cannot be
// such a file: a folder, a device, a file larger than MaxFile, a binary file.
func ReadText(d disk.FS, path string) (string, error) {
	fi, err := d.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && isLink(d, path):
		return "", fmt.Errorf("%s is a link to a file that does not exist: put that file back, or remove the link", path)
	case err != nil && lostFolder(d, path) != nil:
		return "", lostFolder(d, path)
	case err != nil:
		return "", readError(d, path, err)
	case fi.IsDir():
		return "", fmt.Errorf("%s is a folder, not a file: move it away and put the file back", path)
	case !fi.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a regular file (%s): keycare reads only files", path, fi.Mode().Type())
	case fi.Size() > MaxFile:
		return "", fmt.Errorf("%s has %d MB: too large to be read (limit %d MB); move it away and put the real file back",
			path, fi.Size()>>20, MaxFile>>20)
	}
	b, err := d.ReadFile(path)
	if err != nil {
		return "", readError(d, path, err)
	}
	if wide := strings.HasPrefix(string(b), "\xff\xfe") || strings.HasPrefix(string(b), "\xfe\xff"); wide {
		return "", fmt.Errorf("%s is written in UTF-16, which neither keycare nor AWS tools read: save it as UTF-8", path)
	}
	if what := foreign(string(b)); what != "" {
		return "", fmt.Errorf("%s is %s, which no AWS tool reads: put the plain file back", path, what)
	}
	if looksBinary(b) {
		return "", fmt.Errorf("%s is a binary file, not a text file: move it away and put the real file back", path)
	}
	return string(b), nil
}

// lostFolder says what is wrong with the folder of a file that cannot be there.
func lostFolder(d disk.FS, path string) error {
	for dir := filepath.Dir(path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		switch fi, err := d.Stat(dir); {
		case err == nil && !fi.IsDir():
			return fmt.Errorf("%s is a file, not a folder: move it away", dir)
		case err == nil:
			return nil
		case errors.Is(err, fs.ErrNotExist) && isLink(d, dir):
			return fmt.Errorf("%s is a link to a folder that does not exist: put that folder back (is its drive mounted?), or remove the link", dir)
		}
	}
	return nil
}

// wrappings are how files begin that hold the shared file in another form.
var wrappings = []struct{ begin, what string }{
	{"$ANSIBLE_VAULT;", "encrypted with Ansible Vault"},
	{"-----BEGIN PGP MESSAGE-----", "encrypted with OpenPGP"},
	{"-----BEGIN AGE ENCRYPTED FILE-----", "encrypted with age"},
	{"age-encryption.org/", "encrypted with age"},
	{"U2FsdGVkX1", "encrypted with OpenSSL"},
	{"\x00GITCRYPT\x00", "encrypted with git-crypt"},
	{"version https://git-lfs.github.com/spec/", "a pointer of Git LFS"},
	{"/annex/objects/", "a pointer of git-annex"},
	{"<!DOCTYPE", "a web page"},
	{"<html", "a web page"},
}

// foreign says what a file is that is no text of settings; empty where it may be one.
func foreign(text string) string {
	text = strings.TrimLeft(strings.TrimPrefix(text, bom), " \t\r\n")
	for _, w := range wrappings {
		if len(text) >= len(w.begin) && strings.EqualFold(text[:len(w.begin)], w.begin) {
			return w.what
		}
	}
	return ""
}

func isLink(d disk.FS, path string) bool {
	fi, err := d.Lstat(path)
	return err == nil && fi.Mode()&fs.ModeSymlink != 0
}

func readError(d disk.FS, path string, err error) error {
	if back := givenBack(d, path, err); back != err {
		return fmt.Errorf("cannot read %s: %w", path, back)
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("cannot read %s; \"keycare audit --offline\" names the command that opens it: %w", path, err)
	}
	return fmt.Errorf("cannot read %s: %w", path, err)
}

// looksBinary reports whether b cannot be a settings file: many control bytes
// near its start. A stray NUL is left to the readers.
func looksBinary(b []byte) bool {
	b = b[:min(len(b), 8192)]
	odd := 0
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v' {
			odd++
		}
	}
	return odd > 8 && odd*10 > len(b)
}

// NewSet parses two texts as if they had been read from p.
func NewSet(p Paths, credentials, config string) *Set { return newSet(p, credentials, config, false) }

func newSet(p Paths, credentials, config string, one bool) *Set {
	s := &Set{
		Paths:       p,
		Credentials: Parse(p.Credentials, CredentialsFile, credentials),
		Config:      Parse(p.Config, ConfigFile, config),
		One:         one,
	}
	s.Credentials.both, s.Config.both = one, one
	for k, f := range s.Files() {
		f.indexProfiles()
		s.cli[k], s.sdk[k] = readCLI(f.Text), readSDK(f.Text)
		s.sdkProf[k] = sdkProfiles(f.Kind, s.sdk[k])
	}
	s.cliProf[CredentialsFile] = s.cli[CredentialsFile].byName
	s.cliProf[ConfigFile] = cliProfiles(s.cli[ConfigFile])
	s.unfit = sync.OnceValue(s.findUnfit)
	return s
}

// SameTexts reports whether both hold the same, copies included: of two readings
// one after the other, that nobody was writing.
func (s *Set) SameTexts(other *Set) bool {
	return s.Credentials.Text == other.Credentials.Text && s.Config.Text == other.Config.Text &&
		slices.EqualFunc(s.Copies, other.Copies, func(a, b Copy) bool { return a.Text == b.Text && (a.Err == nil) == (b.Err == nil) })
}

// Files returns the two files, credentials first, so that the index of each is
// its FileKind.
func (s *Set) Files() [2]*File { return [2]*File{s.Credentials, s.Config} }

// only returns a Set of one of the two files, with its views.
func (s *Set) only(k FileKind) *Set {
	one := *s
	one.One = false
	other := 1 - k
	empty := newView(0)
	one.cli[other], one.sdk[other] = empty, empty
	one.cliProf[other], one.sdkProf[other] = nil, nil
	one.Paths = s.Paths
	if other == ConfigFile {
		one.Config = Parse("", ConfigFile, "")
		one.Paths.Config = ""
	} else {
		one.Credentials = Parse("", CredentialsFile, "")
		one.Paths.Credentials = ""
	}
	return &one
}

// Profiles returns the names of all profiles that any reader sees, in the order
// of the files, the credentials file first.
func (s *Set) Profiles() []string {
	seen := make(map[string]bool, len(s.Credentials.Sections)+len(s.Config.Sections))
	var names []string
	add := func(name string) {
		if name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, f := range s.Files() {
		for _, sec := range f.Sections {
			add(sec.Profile)
		}
	}
	for k := range s.Files() {
		for _, m := range []map[string]*group{s.cliProf[k], s.sdkProf[k]} {
			if len(m) <= len(names) && allSeen(m, seen) {
				continue
			}
			var more []string
			for name := range m {
				if !seen[name] {
					more = append(more, name)
				}
			}
			slices.Sort(more)
			for _, name := range more {
				add(name)
			}
		}
	}
	return names
}

func allSeen(m map[string]*group, seen map[string]bool) bool {
	for name := range m {
		if !seen[name] {
			return false
		}
	}
	return true
}

// PairAt returns the key pair on which all readers agree when they read one of
// the two files alone. The error is a *NoKeyError or a *DisagreementError.
func (s *Set) PairAt(k FileKind, profile string) (Pair, error) {
	r, err := s.only(k).Agreed(profile)
	return r.Pair, err
}

// Alone returns p with only the path of file k, for LoadWithSDK.
func (p Paths) Alone(k FileKind) Paths {
	if k == CredentialsFile {
		return Paths{Credentials: p.Credentials}
	}
	return Paths{Config: p.Config}
}
