package copies

import (
	"path/filepath"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/pattern"
	"keycare/credfile/sorting"
)

// This file is about the few places that every audit looks at, by the names of files:
// copies beside the AWS files, what the console downloads, files of older tools.

// The places that have a rule of their own in an audit.
const (
	RootFile Place = "root key file"
	Download Place = "console download" // the CSV file of a new access key
	AWSCopy  Place = "copy of the AWS files"
	Leftover Place = "keycare file" // of a rotation that did not end
	OldTool  Place = "older tool"
)

var (
	rootCSV = pattern.Of(`(?i)^rootkey.*\.csv$`)
	keyCSV  = pattern.Of(`(?i)^(.*accesskeys|credentials|new_user_credentials)( ?\(\d+\)|[- ]copy)?\.csv$`)
	// copySuffix is what stands behind a file's name in the names of its
	// copies: credentials.bak, credentials~, credentials.2024-05-01,
	// "credentials (1)", "credentials copy 2", credentials-old.
	copySuffix = pattern.Of(`(?i)^(~|[-._ ]?(bak|backup|old|orig|original|save|saved|sav|copy|tmp|temp|prev|previous|sw[a-p])\d*([-._ ].*)?|[-._ ]?\d.*| ?\(\d+\)| copy.*|~\d*~?)$`)
)

// Named is a file that is looked into for its name.
type Named struct {
	Path  string
	Place Place
}

// consoleFile is the place of a file with a name that the AWS console gives to keys.
func consoleFile(name string) Place {
	switch {
	case rootCSV().MatchString(name):
		return RootFile
	case keyCSV().MatchString(name):
		return Download
	}
	return ""
}

// Beside are the files in a folder of the AWS files that are copies of these, or may
// have come there with a key.
func Beside(d disk.FS, dir string, p credfile.Paths) (all []Named) {
	entries, err := d.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		name, path := e.Name(), filepath.Join(dir, e.Name())
		if e.IsDir() || path == p.Credentials || path == p.Config || strings.HasSuffix(name, ".lock") {
			continue
		}
		place := consoleFile(name)
		switch {
		case strings.HasPrefix(name, ".keycare-"):
			place = Leftover
		case place == "" && (isCopyName(name, filepath.Base(p.Credentials)) || isCopyName(name, filepath.Base(p.Config))):
			place = AWSCopy
		}
		if place != "" {
			all = append(all, Named{path, place})
		}
	}
	return all
}

func isCopyName(name, base string) bool {
	if rest, ok := strings.CutPrefix(name, base); ok && copySuffix().MatchString(rest) {
		return true
	}
	if rest, ok := strings.CutPrefix(name, "."+base); ok && copySuffix().MatchString(rest) {
		return true // vim's swap file
	}
	return name == "#"+base+"#" || // emacs
		strings.EqualFold(name, "copy of "+base) || strings.EqualFold(name, base+".txt")
}

// mostDownloads is how many files of such names are looked into in a folder.
const mostDownloads = 200

// Downloads are the files in folders, those of downloads for example, with the names
// that the AWS console gives to keys. A folder outside of the home folder is left out:
// it may be another machine's.
func Downloads(d disk.FS, env credfile.Env, dirs ...string) (all []Named) {
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
			if place := consoleFile(e.Name()); place != "" && !e.IsDir() && left > 0 {
				left--
				all = append(all, Named{filepath.Join(dir, e.Name()), place})
			}
		}
	}
	return all
}

// oldTools are the files of older tools, below the home folder. The AWS CLI reads the
// first.
var oldTools = []string{".boto", ".s3cfg", ".passwd-s3fs", ".awssecret", ".elasticbeanstalk/aws_credential_file"}

// oldToolVariables name files of older tools. The AWS CLI signs with the keys in
// them where it finds no other. Source: botocore 1.43, OriginalEC2Provider and
// BotoProvider.
var oldToolVariables = []string{"AWS_CREDENTIAL_FILE", "BOTO_CONFIG"}

// OldTools are the files of older tools, whether they are there or not.
func OldTools(env credfile.Env, p credfile.Paths) (all []Named) {
	home, _ := credfile.HomeOf(env)
	if home == "" {
		return nil
	}
	add := func(path string) {
		if n := (Named{path, OldTool}); path != "" && path != p.Credentials && path != p.Config && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	for _, name := range oldTools {
		add(filepath.Join(home, filepath.FromSlash(name)))
	}
	for _, name := range oldToolVariables {
		path := env.Get(name)
		if rest, ok := strings.CutPrefix(path, "~/"); ok {
			path = filepath.Join(home, rest)
		}
		add(path)
	}
	return all
}

// KeyFile is what stands in one of these files.
type KeyFile struct {
	Named
	Copies []Copy // in the order of the file; none where it has keys that nobody can name
	// Closed says that it could not be looked into.
	Closed bool
}

// KeyIDs are the IDs of the long-term keys in it, each once, without planted ones.
func (f *KeyFile) KeyIDs() (ids []string) {
	for _, c := range f.Copies {
		if c.Tier != Bait && credfile.FactsOf(c.KeyID).Kind == credfile.LongTerm {
			ids = append(ids, c.KeyID)
		}
	}
	return ids
}

// keyWords are how a file of keys looks, even if nobody can tell whose they are.
var keyWords = pattern.Of(`\b(AKIA|ASIA)[A-Z0-9]{12,}|(?i:aws_secret_access_key\s*[=:]\s*\S|AWSSecretKey|Secret access key)`)

const (
	// maxNamed is the size up to which such a file is looked into, in bytes.
	maxNamed = 4 << 20
	// mostOwn is the number of own keys up to which all their forms are looked for:
	// to get ready for a thousand keys takes a second. Of more, the IDs are.
	mostOwn = 50
)

// Look looks into named files, of which those are returned that hold keys, or of which
// it cannot be ruled out. It asks for the user's keys, and their accounts, only if there
// is a file to look into.
func Look(d disk.FS, all []Named, own func() (keys []Key, accounts []string)) (found []KeyFile) {
	var (
		keys     []Key
		accounts []string
		scanner  *Scanner
		gather   *Gather
		index    = make(map[string]int)
	)
	for i, n := range all {
		fi, err := d.Stat(n.Path)
		if err != nil || !fi.Mode().IsRegular() || slices.ContainsFunc(all[:i], func(o Named) bool { return o.Path == n.Path }) {
			continue // not there, a dangling link, a socket; a file is told once
		}
		f := KeyFile{Named: n, Closed: fi.Size() > maxNamed}
		var text []byte
		if !f.Closed {
			text, err = d.ReadFile(n.Path)
			f.Closed = err != nil
		}
		if f.Closed {
			found = append(found, f)
			continue
		}
		if scanner == nil {
			keys, accounts = own()
			for i, k := range keys {
				index[k.ID] = i
			}
			sought := keys
			if len(keys) > mostOwn {
				sought = nil
			}
			m := NewMatcher(sought, Options{Others: true, Unlikely: true})
			scanner, gather = NewScanner(m), NewCollector(m, accounts, nil).NewGather()
		}
		f.Copies = inText(scanner, gather, text)
		for i := range f.Copies {
			c := &f.Copies[i]
			c.Path, c.Place, c.Key = n.Path, n.Place, -1
			if own, ok := index[c.KeyID]; ok {
				c.Key = own
			}
			c.Tier = tierOf(c.KeyID, c.Key, keys, accounts, c.Near)
		}
		if len(f.Copies) > 0 || keyWords().Match(text) {
			found = append(found, f)
		}
	}
	return found
}

// InText are the keys of which the IDs stand in a text, in their order.
func InText(text string) []Copy {
	m := NewMatcher(nil, Options{Others: true, Unlikely: true})
	return inText(NewScanner(m), NewCollector(m, nil, nil).NewGather(), []byte(text))
}

func inText(s *Scanner, g *Gather, text []byte) []Copy {
	s.Bytes(text, g.Hit)
	all := g.Take(func(*Copy) {})
	sorting.By(all, func(a, b Copy) int { return int(a.off - b.off) })
	return all
}

// Judge says whose key it is by its ID alone, for keys and accounts may have changed
// since it was found.
func (c *Copy) Judge(keys []Key, accounts []string) {
	if c.API != "" {
		c.Key, c.Tier = -1, apiTier(c.Account, accounts)
		return
	}
	c.Key = slices.IndexFunc(keys, func(k Key) bool { return k.ID == c.KeyID })
	c.Tier = tierOf(c.KeyID, c.Key, keys, accounts, c.Near)
}
