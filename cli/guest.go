package cli

import (
	"fmt"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/credfile/disk"
	"keycare/credfile/show"
	"keycare/rotate"
)

// This file is about runs in another user's home: by root with HOME kept, by an
// agent that manages machines. What root wrote there that user could not read, so
// nothing is written.

// host is the other user in whose home this program runs.
type host struct {
	uid  int
	name string // or #uid
	dir  string // what shows it
}

// nobodys is the user that Linux shows where the owner has no number in this user
// namespace.
const nobodys = 65534

// Host returns the other user whose home, or whose folder of AWS files, this is;
// nil where it is the user's own. What root owns is in nobody's way: a user cannot
// write there, and a service may have such a home.
func (e *env) Host() *host {
	dirs := []string{e.Folders.Home}
	if paths, err := e.Paths(); err == nil {
		for _, path := range []string{paths.Credentials, paths.Config} {
			if resolved, err := e.Disk.EvalSymlinks(path); err == nil {
				path = resolved
			}
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	for _, dir := range dirs {
		fi, err := e.Disk.Stat(dir)
		if dir == "" || err != nil {
			continue
		}
		if uid, ok := disk.Owner(fi); ok && uid != disk.Self() && uid != 0 && uid != nobodys {
			return &host{uid: uid, name: nameOf(uid), dir: dir}
		}
	}
	return nil
}

func nameOf(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "#" + strconv.Itoa(uid)
}

// has reports whether a folder is the host's, or lies where only the host's can be.
func (h *host) has(e *env, dir string) bool {
	if h.dir == e.Folders.Home && strings.HasPrefix(dir, e.Folders.Home+string(filepath.Separator)) {
		return true
	}
	for ; ; dir = filepath.Dir(dir) {
		if fi, err := e.Disk.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			uid, ok := disk.Owner(fi)
			return err == nil && ok && uid == h.uid
		}
	}
}

// as is a command line of the host's.
func (h *host) as(words ...string) string {
	return show.Command("linux", append([]string{"sudo", "-u", h.name, "-H"}, words...)...)
}

// called is the program as another user can call it: by its whole path if it was
// called by a path.
func (e *env) called() string {
	if filepath.Base(e.Program) == e.Program {
		return "keycare"
	}
	if path, err := filepath.Abs(e.Program); err == nil {
		return path
	}
	return e.Program
}

// writing gives a command that writes in the home its environment: it is refused
// in another user's.
func writing(e *env, run func(*env, *cli.Context) error) cli.ActionFunc {
	return action(e, func(e *env, c *cli.Context) error {
		h := e.Host()
		if h == nil {
			return run(e, c)
		}
		words := append([]string{e.called()}, strings.Fields(c.Command.HelpName)[1:]...)
		words = append(words, c.Args().Slice()...)
		return &rotate.Refused{Why: fmt.Sprintf("%s belongs to user %s, and what another user writes there that user could not use: nothing was done. Run it as that user: %s",
			h.dir, h.name, h.as(words...))}
	})
}

// sayGuest tells once that nothing is written in another user's home.
func (e *env) sayGuest() {
	if h := e.Host(); h != nil {
		e.say("keycare: %s belongs to user %s: nothing is written there, so what this run learns is not kept; better: %s", h.dir, h.name, h.as(e.called()))
	}
}
