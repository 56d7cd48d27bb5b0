package home

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// SiblingKind says how a file beside the shared files came to be there.
type SiblingKind string

const (
	BackupCopy  SiblingKind = "backup copy"      // of an editor, a tool or a person
	KeyDownload SiblingKind = "console download" // the CSV file of a new access key
	RootCSV     SiblingKind = "root key file"    // the CSV file of a root key
	Leftover    SiblingKind = "keycare file"     // of a rotation that did not end
)

// Sibling is a file beside the shared files, or among the downloads, that holds
// keys, or that could not be looked into.
type Sibling struct {
	Path string
	Kind SiblingKind
	// KeyIDs are the IDs of the long-term keys in it, each once, without those of
	// AWS's examples and of canary accounts.
	KeyIDs []string
	// Closed says that it could not be looked into.
	Closed bool
	// Fact is what the file system says about it.
	Fact FileFact
	// Reach is which rights in its mode others can make use of: a folder on the
	// way, up to the home folder, may shut them out.
	Reach fs.FileMode
}

// siblings looks through folder dir for copies of the shared files.
func siblings(d disk.FS, env credfile.Env, dir string, p credfile.Paths) []Sibling {
	entries, err := d.ReadDir(dir)
	if err != nil {
		return nil
	}
	var found []Sibling
	for _, e := range entries {
		kind, ok := siblingKind(e.Name(), filepath.Base(p.Credentials), filepath.Base(p.Config))
		path := filepath.Join(dir, e.Name())
		if !ok || e.IsDir() || path == p.Credentials || path == p.Config {
			continue
		}
		if s := (Sibling{Path: path, Kind: kind}); s.look(d) {
			s.rights(d, env)
			found = append(found, s)
		}
	}
	return found
}

// rights fills in what others may do with the file.
func (s *Sibling) rights(d disk.FS, env credfile.Env) {
	s.Fact, s.Reach = factOf(d, env, s.Path), 0o077
	if env.GOOS == "windows" {
		return // there a folder's list shuts nobody out of the files in it
	}
	home, _ := credfile.HomeOf(env)
	for dir := filepath.Dir(s.Path); ; dir = filepath.Dir(dir) {
		if fi, err := d.Stat(dir); err == nil {
			if fi.Mode()&0o010 == 0 {
				s.Reach &^= 0o070
			}
			if fi.Mode()&0o001 == 0 {
				s.Reach &^= 0o007
			}
		}
		if dir == home || dir == filepath.Dir(dir) {
			return
		}
	}
}

// mostDownloads is how many files of such names are looked into in a folder.
const mostDownloads = 200

// ReadDownloads looks through folders, those of downloads for example, for files
// with the names that the AWS console gives to keys. Only these files are opened.
// A folder outside of the home folder of env is left out: it may be another
// machine's.
func ReadDownloads(d disk.FS, env credfile.Env, dirs ...string) (found []Sibling) {
	home, _ := credfile.HomeOf(env)
	if home == "" {
		return nil
	}
	for i, dir := range dirs {
		rel, err := filepath.Rel(home, dir)
		if err != nil || rel == "." || !filepath.IsLocal(rel) || slices.Contains(dirs[:i], dir) {
			continue
		}
		entries, err := d.ReadDir(dir)
		if err != nil {
			continue
		}
		left := mostDownloads
		for _, e := range entries {
			kind, ok := siblingKind(e.Name())
			if !ok || kind == Leftover || e.IsDir() || left == 0 {
				continue
			}
			left--
			if s := (Sibling{Path: filepath.Join(dir, e.Name()), Kind: kind}); s.look(d) {
				s.rights(d, env)
				found = append(found, s)
			}
		}
	}
	return found
}

var (
	rootCSV = regexp.MustCompile(`(?i)^rootkey.*\.csv$`)
	keyCSV  = regexp.MustCompile(`(?i)^(.*accesskeys|credentials|new_user_credentials)( ?\(\d+\)|[- ]copy)?\.csv$`)
	// copySuffix is what stands behind a file's name in the names of its
	// copies: credentials.bak, credentials~, credentials.2024-05-01,
	// "credentials (1)", "credentials copy 2", credentials-old.
	copySuffix = regexp.MustCompile(`(?i)^(~|[-._ ]?(bak|backup|old|orig|original|save|saved|sav|copy|tmp|temp|prev|previous|sw[a-p])\d*([-._ ].*)?|[-._ ]?\d.*| ?\(\d+\)| copy.*|~\d*~?)$`)
)

func siblingKind(name string, bases ...string) (SiblingKind, bool) {
	switch {
	case strings.HasSuffix(name, ".lock"):
		return "", false
	case strings.HasPrefix(name, ".keycare-"):
		return Leftover, true
	case rootCSV.MatchString(name):
		return RootCSV, true
	case keyCSV.MatchString(name):
		return KeyDownload, true
	}
	for _, base := range bases {
		if isCopyName(name, base) {
			return BackupCopy, true
		}
	}
	return "", false
}

func isCopyName(name, base string) bool {
	if rest, ok := strings.CutPrefix(name, base); ok && copySuffix.MatchString(rest) {
		return true
	}
	if rest, ok := strings.CutPrefix(name, "."+base); ok && copySuffix.MatchString(rest) {
		return true // vim's swap file
	}
	return name == "#"+base+"#" || // emacs
		strings.EqualFold(name, "copy of "+base) || strings.EqualFold(name, base+".txt")
}

// keyText is how keys look in the shared files and in the console's CSV files.
var keyText = regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{12,}|(?i:aws_secret_access_key\s*[=:]\s*\S|AWSSecretKey|Secret access key)`)

// maxSibling is the size up to which a sibling is looked into, in bytes.
const maxSibling = 4 << 20

// look reports whether there are keys in the file, or whether it cannot be ruled
// out.
func (s *Sibling) look(d disk.FS) bool {
	fi, err := d.Stat(s.Path)
	if err != nil || !fi.Mode().IsRegular() {
		return false // a dangling link, a socket
	}
	if fi.Size() > maxSibling {
		s.Closed = true
		return true
	}
	b, err := d.ReadFile(s.Path)
	if err != nil {
		s.Closed = true
		return true
	}
	for line := range bytes.Lines(b) {
		for _, id := range show.KeyIDsIn(string(line)) {
			f := credfile.FactsOf(id)
			if f.Kind == credfile.LongTerm && !f.Example && !f.Canary && !slices.Contains(s.KeyIDs, id) {
				s.KeyIDs = append(s.KeyIDs, id)
			}
		}
	}
	return keyText.Match(b)
}

// mayHoldKeys reports whether there are keys in the file, or whether it cannot
// be ruled out.
func mayHoldKeys(d disk.FS, path string) bool {
	return (&Sibling{Path: path}).look(d)
}
