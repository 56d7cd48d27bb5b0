package home

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/pattern"
	"keycare/credfile/show"
)

// AWSFiles is what this machine says about the shared files without asking AWS and
// without the files' own text: plain facts, which package report judges.
type AWSFiles struct {
	// GOOS is the system whose rules the facts follow, as in Env.
	GOOS string
	// Files are the credentials file and the config file, in this order.
	Files []FileFact
	User  string // of this process, as icacls takes it; Windows alone
	// Dirs are the folders of the two files and, where a file is a symbolic
	// link, the folder of what it points to. Each folder once.
	Dirs []FileFact
	// EnvKeys names the variables of a key that are set, without their values.
	EnvKeys []string
	// EnvKeyID is the key ID in the environment; empty if there is none or if
	// the value is no key ID, since then it may be a misplaced secret.
	EnvKeyID string
	// EnvBedrock names the variables with an API key for Amazon Bedrock that does not
	// expire within hours.
	EnvBedrock []string
	// PlainEndpoints are the variables that send AWS's tools to another machine
	// without encryption.
	PlainEndpoints []PlainVariable
	// History is the AWS CLI's history of calls, which records secrets.
	History FileFact
}

// PlainVariable is a variable that names an endpoint without encryption, and its
// host.
type PlainVariable struct{ Name, Host string }

// FileFact is what the file system says about one file or folder. All but
// Target is about what a symbolic link points to.
type FileFact struct {
	Path   string
	Kind   credfile.FileKind // says something for the entries of AWSFiles.Files alone
	Exists bool
	// Mode holds permissions where ModeKnown is set. On Windows they are made of
	// the access list: the rights of Others are those of all others.
	Mode      fs.FileMode
	ModeKnown bool
	// Others are the accounts that the access list gives rights, beside the user's
	// and the system's own. Windows alone.
	Others []disk.Other
	// Target is where a symbolic link leads in the end; empty for no link.
	Target string
	// OwnedByOther says that the owner is not the user of this process. A run
	// as root, as fleet tools do it, stands for the owner of the folder above
	// the file's folder, which is the home folder as a rule.
	OwnedByOther bool
	// OwnedByRoot says that the owner is root, who may be trusted with a folder:
	// root could read everything anyway.
	OwnedByRoot bool
	// HardLinks counts the file's names; 0 where that is not known.
	HardLinks int
}

// keyVariables are the environment variables of a key. All tools read the first
// three, the AWS CLI also the last.
var keyVariables = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
}

// ReadAWSFiles gathers the facts about the files that p names. What is missing or
// cannot be looked at is said in the facts and is no error.
func ReadAWSFiles(d disk.FS, env credfile.Env, p credfile.Paths) AWSFiles {
	l := AWSFiles{GOOS: env.GOOS, User: disk.UserName()}
	for _, name := range keyVariables {
		if env.Get(name) != "" {
			l.EnvKeys = append(l.EnvKeys, name)
		}
	}
	if id := env.Get("AWS_ACCESS_KEY_ID"); show.IsKeyID(id) {
		l.EnvKeyID = id
	}
	for _, name := range credfile.EndpointVariables {
		if host := credfile.PlainHost(env.Get(name)); host != "" {
			l.PlainEndpoints = append(l.PlainEndpoints, PlainVariable{name, host})
		}
	}
	var dirs []string
	for kind, path := range []string{p.Credentials, p.Config} {
		if path == "" {
			continue
		}
		f := factOf(d, env, path)
		f.Kind = credfile.FileKind(kind)
		switch {
		case f.Mode&fs.ModeDevice != 0: // the null device stands for no file
			l.Files = append(l.Files, FileFact{Path: path, Kind: f.Kind})
			continue
		case f.Mode.IsDir(): // and its mode is none of a file's
			f = FileFact{Path: path, Kind: f.Kind, Target: f.Target}
		}
		l.Files = append(l.Files, f)
		for _, place := range []string{path, f.Target} {
			if dir := filepath.Dir(place); place != "" && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	for _, dir := range dirs {
		l.Dirs = append(l.Dirs, factOf(d, env, dir))
	}
	l.History = factOf(d, env, historyPath(env, p))
	if _, err := d.Stat(l.History.Path); err != nil {
		l.History.Exists = false // not known to be there
	}
	return l
}

// variableName is the form of a variable's name that may be shown.
var variableName = pattern.Of(`^[A-Za-z_][A-Za-z0-9_]{0,99}$`)

// BedrockVariables names those of the environment ("NAME=value" each) that hold an API
// key for Amazon Bedrock: AWS's own, unless its key is a short-term one, and any other
// with a long-term key.
func BedrockVariables(environ []string) (names []string) {
	const shortTerm = "bedrock-api-key-"
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		_, longTerm := credfile.BedrockKeyIn(value)
		if !longTerm && (name != credfile.BearerTokenBedrock || value == "" || strings.HasPrefix(value, shortTerm)) {
			continue
		}
		if variableName().MatchString(name) && !show.SecretLike(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// historyPath is where the AWS CLI keeps its history.
func historyPath(env credfile.Env, p credfile.Paths) string {
	if v := env.Get("AWS_CLI_HISTORY_FILE"); v != "" {
		return v
	}
	home, _ := credfile.HomeOf(env)
	if home == "" {
		return filepath.Join(filepath.Dir(p.Config), "cli", "history", "history.db")
	}
	return filepath.Join(home, ".aws", "cli", "history", "history.db")
}

func factOf(d disk.FS, env credfile.Env, path string) FileFact {
	f := FileFact{Path: path}
	if li, err := d.Lstat(path); err == nil && li.Mode()&fs.ModeSymlink != 0 {
		if target, err := d.EvalSymlinks(path); err == nil {
			f.Target = target
		}
	}
	fi, err := d.Stat(path)
	if err != nil {
		f.Exists = !errors.Is(err, fs.ErrNotExist)
		return f
	}
	f.Exists = true
	if env.GOOS == "windows" {
		f.lookAtAccess(fi)
		return f
	}
	f.Mode, f.ModeKnown = fi.Mode(), true
	if !fi.IsDir() {
		f.HardLinks = disk.Links(path, fi)
	}
	owner, ok := ownerOf(fi)
	want, okWant := meantUser(d, path)
	f.OwnedByOther = ok && okWant && owner != want
	f.OwnedByRoot = ok && owner == rootUser
	return f
}
