package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"keycare/credfile/disk"
	"keycare/credfile/pattern"
	"keycare/credfile/sorting"
)

// account is a user of this machine.
type account struct {
	Name     string
	UID, GID int
	Home     string
}

// listTime is how long a program of the system may take to tell of users.
const listTime = 30 * time.Second

// accountsHere lists the machine's users: as the system's directory has them, or
// else the file of it.
func accountsHere(ctx context.Context, goos string) ([]account, error) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	ask := func(words ...string) (string, error) {
		cmd := exec.CommandContext(ctx, words[0], words[1:]...)
		cmd.WaitDelay = time.Second
		out, err := cmd.Output()
		return string(out), err
	}
	if goos == "darwin" {
		columns := [3]string{}
		for i, name := range []string{"UniqueID", "PrimaryGroupID", "NFSHomeDirectory"} {
			var err error
			if columns[i], err = ask("dscl", ".", "-list", "/Users", name); err != nil {
				return nil, err
			}
		}
		return readDirectory(columns[0], columns[1], columns[2]), nil
	}
	// getent fails with 2 where one of several sources failed; what it printed counts.
	if out, _ := ask("getent", "passwd"); out != "" {
		return readPasswd(out), nil
	}
	b, err := os.ReadFile("/etc/passwd")
	return readPasswd(string(b)), err
}

// readPasswd reads lines as in /etc/passwd. What is no user's line is passed over.
func readPasswd(text string) (all []account) {
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimRight(line, "\r\n"), ":")
		if len(f) < 7 || f[0] == "" || strings.HasPrefix(f[0], "#") {
			continue
		}
		uid, err1 := strconv.ParseUint(f[2], 10, 32)
		gid, err2 := strconv.ParseUint(f[3], 10, 32)
		if err1 == nil && err2 == nil {
			all = append(all, account{f[0], int(uid), int(gid), f[5]})
		}
	}
	return all
}

// readDirectory reads three lists of macOS's directory: a name, spaces, a value.
func readDirectory(uids, gids, homes string) (all []account) {
	column := func(text string) map[string]string {
		values := map[string]string{}
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			values[name] = strings.TrimSpace(value)
		}
		return values
	}
	uid, gid := column(uids), column(gids)
	for line := range strings.Lines(homes) {
		name, home, _ := strings.Cut(strings.TrimSpace(line), " ")
		u, err1 := strconv.ParseInt(uid[name], 10, 64)
		g, err2 := strconv.ParseInt(gid[name], 10, 64)
		if err1 == nil && err2 == nil {
			// nobody is -2 there
			all = append(all, account{name, int(uint32(u)), int(uint32(g)), strings.TrimSpace(home)})
		}
	}
	return all
}

// userHome is one home with the user as whom it is audited.
type userHome struct {
	account
	// Refused says why nothing is run there; empty where it is.
	Refused string
}

// homesOf are the homes of users that exist, each once, by the user that owns it
// where one does; missing counts the users without one. Root looks at no more than
// what the path of a home is.
func homesOf(d disk.FS, users []account) (homes []userHome, missing int) {
	type place struct {
		fi    fs.FileInfo
		users []account
	}
	var places []*place
	for _, u := range users {
		fi, err := d.Stat(u.Home)
		if !filepath.IsAbs(u.Home) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || err == nil && !fi.IsDir() {
			missing++
			continue
		}
		i := slices.IndexFunc(places, func(p *place) bool {
			return p.users[0].Home == u.Home || err == nil && p.fi != nil && os.SameFile(p.fi, fi)
		})
		if i < 0 {
			p := &place{users: []account{u}}
			if err == nil {
				p.fi = fi
			}
			places = append(places, p)
			continue
		}
		places[i].users = append(places[i].users, u)
	}
	for _, p := range places {
		owner, known := 0, false
		if p.fi != nil {
			owner, known = disk.Owner(p.fi)
		}
		// The owner first, then those who are not root.
		sorting.By(p.users, func(a, b account) int {
			rank := func(u account) int {
				switch {
				case known && u.UID == owner:
					return 0
				case u.UID != 0:
					return 1
				}
				return 2
			}
			return cmp.Compare(rank(a), rank(b))
		})
		h := userHome{account: p.users[0]}
		if h.UID == 0 && known && owner != 0 {
			h.Refused = "the home of a user with root's rights belongs to " + nameOf(owner) + ", and root reads nothing there"
		}
		homes = append(homes, h)
	}
	sorting.By(homes, func(a, b userHome) int { return strings.Compare(a.Name, b.Name) })
	return homes, missing
}

var plainName = pattern.Of(`^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,63}$`)

// fileNames are the names of the users' reports, in the order of homes: the
// user's where it is a plain one and no other's but for capitals, or else the
// number.
func fileNames(homes []userHome) []string {
	names, taken := make([]string, len(homes)), map[string]int{}
	for i, h := range homes {
		names[i] = h.Name
		taken[strings.ToLower(h.Name)]++
		if !plainName().MatchString(h.Name) {
			names[i] = "uid-" + strconv.Itoa(h.UID)
		}
	}
	for i, h := range homes {
		if taken[strings.ToLower(h.Name)] > 1 || strings.HasPrefix(h.Name, "uid-") {
			names[i] = "uid-" + strconv.Itoa(h.UID)
		}
		names[i] += ".json"
	}
	return names
}
