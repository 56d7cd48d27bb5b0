package credfile

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/user"
	"runtime"
	"strings"

	"keycare/credfile/show"
)

// Env is the environment that Locate reads, passed in so that every system's
// rules can be tested on every system.
type Env struct {
	Lookup func(name string) (string, bool)
	GOOS   string
	// UserHome is the home folder by the system's list of users, which AWS's
	// tools take where HOME is not set. May be nil.
	UserHome func() string
}

// OSEnv is the environment of this process.
func OSEnv() Env { return Env{Lookup: os.LookupEnv, GOOS: runtime.GOOS, UserHome: userHome} }

func userHome() string {
	if u, err := user.Current(); err == nil {
		return u.HomeDir
	}
	return ""
}

func (e Env) Get(name string) string {
	v, _ := e.Lookup(name)
	return v
}

// Paths names the two shared files, and copies of keys that are changed along with
// them, and says what is doubtful about the names.
type Paths struct {
	Credentials string `json:"credentials"`
	Config      string `json:"config"`
	// Copies are text files beside the two that are changed along with them.
	Copies []string `json:"copies,omitempty"`
	// Doubts are sentences, one for each name that AWS's tools resolve
	// differently. An edit is refused while there is one.
	Doubts []string `json:"-"`
	// Variables are the names of the variables that name the two; empty for the usual place.
	Variables [2]string `json:"-"`
}

// ErrNoHome is returned where no home folder is set and a file has no path of
// its own.
var ErrNoHome = errors.New("no home folder: set HOME (on Windows USERPROFILE), or AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE")

// Locate returns the places of the shared files by AWS's cross-SDK rules
// (SDKs and Tools Reference Guide, "Location of the shared files").
func Locate(env Env) (Paths, error) {
	var p Paths
	if v := env.Get("HOME"); v != "" && !fullPath(env.GOOS, v) {
		return Paths{}, fmt.Errorf("HOME=%s is no full path: AWS's tools would look below whatever folder they are started in. Set it to your home folder", show.Plain(v))
	}
	home, doubt := HomeOf(env)
	if doubt != "" {
		p.Doubts = append(p.Doubts, doubt)
	}
	for kind, f := range []struct {
		name, base string
		to         *string
	}{
		{"AWS_SHARED_CREDENTIALS_FILE", "credentials", &p.Credentials},
		{"AWS_CONFIG_FILE", "config", &p.Config},
	} {
		v, set := env.Lookup(f.name)
		if set && v == "" {
			p.Doubts = append(p.Doubts, fmt.Sprintf(
				"%s is set but empty: the AWS CLI then reads no %s file, the Go SDK the usual one; unset it, or set it to a full path", f.name, f.base))
		}
		if v != "" {
			*f.to, p.Variables[kind] = v, f.name
			if strings.HasPrefix(v, "~") || strings.Contains(v, "$") {
				p.Doubts = append(p.Doubts, fmt.Sprintf(
					"%s=%s: the AWS CLI expands ~ and $ here, the Go SDK does not; set it to a full path", f.name, show.Field(v)))
			}
			continue
		}
		if _, set := env.Lookup("HOME"); set && home == "" && env.GOOS != "windows" {
			return Paths{}, fmt.Errorf("HOME is set but empty: the AWS CLI then looks in /.aws, the Go SDK in the folder that the system has for you: %w", ErrNoHome)
		}
		if home == "" {
			return Paths{}, ErrNoHome
		}
		sep := "/"
		if env.GOOS == "windows" {
			sep = `\`
		}
		*f.to = strings.TrimRight(home, `/`+sep) + sep + ".aws" + sep + f.base
	}
	return p, nil
}

// fullPath reports whether path means the same file whatever folder a program
// runs in, but for the drive on Windows.
func fullPath(goos, path string) bool {
	if goos == "windows" {
		return strings.HasPrefix(path, "/") || strings.HasPrefix(path, `\`) || len(path) > 2 && path[1] == ':'
	}
	return strings.HasPrefix(path, "/")
}

// HomeOf returns the home folder: HOME, or where it is not set what the system's
// list of users says; on Windows then USERPROFILE, then
// HOMEDRIVE with HOMEPATH.
func HomeOf(env Env) (home, doubt string) {
	home, set := env.Lookup("HOME")
	if env.GOOS != "windows" {
		if !set && env.UserHome != nil { // where it is set but empty, the tools differ
			home = env.UserHome()
		}
		return home, ""
	}
	profile := env.Get("USERPROFILE")
	switch {
	case home == "" && profile != "":
		return profile, ""
	case home == "":
		return env.Get("HOMEDRIVE") + env.Get("HOMEPATH"), ""
	case profile != "" && !strings.EqualFold(home, profile) && env.Get("AWS_SHARED_CREDENTIALS_FILE") == "":
		doubt = fmt.Sprintf("HOME is %s and USERPROFILE is %s: AWS's tools differ in which of them they read; "+
			"set AWS_SHARED_CREDENTIALS_FILE to the file that you mean", home, profile)
	}
	return home, doubt
}

// Profile returns the profile that is meant where none is named. It is an error
// where AWS's tools differ in it.
func (e Env) Profile() (string, error) {
	a, b := e.Get("AWS_PROFILE"), e.Get("AWS_DEFAULT_PROFILE")
	if a != "" && b != "" && a != b {
		return "", fmt.Errorf("AWS_PROFILE is %s and AWS_DEFAULT_PROFILE is %s: the Go SDK goes by the first, the AWS CLI by the second; name the profile, or unset one of the two", show.Name(a), show.Name(b))
	}
	return cmp.Or(a, b, "default"), nil
}
