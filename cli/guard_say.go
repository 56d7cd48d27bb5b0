package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/copies/gitobj"
	"keycare/credfile/show"
	"keycare/credfile/sorting"
)

const (
	// mostTold bounds the places that are named.
	mostTold = 20
	// mostHints bounds the files, and the keys, for which a command or a line is shown.
	mostHints = 3
	// allowFor is how many months the line for a key that is to be allowed gives it.
	allowFor = 3
)

// say names what comes in, each key once a place, and what to do. It is talk: a hook's
// output goes to a person.
func (g *guard) say(found []gitobj.New, committed bool) error {
	if len(found) == 0 {
		return nil
	}
	told := map[string]bool{}
	var paths []string
	var others []copies.Hit
	var own *copies.Key
	for _, n := range found {
		if n.Key >= 0 {
			own = &g.keys[n.Key]
		} else {
			others = append(others, n.Hit)
		}
		if line := g.line(n); !told[line] {
			told[line] = true
			if len(told) == 1 {
				g.e.say("keycare guard: stopped, because an AWS key would come in:")
			}
			if len(told) <= mostTold {
				g.e.say("%s", line)
			}
		}
		if n.Path != "" && !committed && !slices.Contains(paths, n.Path) {
			paths = append(paths, n.Path)
		}
	}
	if n := len(told) - mostTold; n > 0 {
		g.e.say("  and %d more places", n)
	}
	g.sayUnstage(paths)
	switch {
	case own == nil || !committed:
	case len(own.Profiles) > 0:
		g.e.say("If it has been pushed already: keycare rotate %s", show.Arg(own.Profiles[0], "linux"))
	case own.State.Live():
		g.e.say("If it has been pushed already, delete key %s in AWS", own.ID)
	}
	g.sayAllow(others)
	return errFindings
}

// line is one place of a key.
func (g *guard) line(n gitobj.New) string {
	id, whose := n.ID, "another AWS key, with its secret"
	switch {
	case n.API != nil:
		whose = "of account " + n.API.Account
		if slices.Contains(g.accounts, n.API.Account) {
			whose = "of your account " + n.API.Account
		}
	case n.Key >= 0:
		k := g.keys[n.Key]
		id, whose = k.ID, "your key, "+string(k.State)
		if len(k.Profiles) > 0 {
			whose = "your key of " + show.Names(k.Profiles)
		}
	case slices.Contains(g.accounts, credfile.FactsOf(n.ID).Account):
		whose = "a key of your account " + credfile.FactsOf(n.ID).Account
	}
	where := "the message"
	if n.Path != "" {
		path, _ := g.shown(n.Path)
		switch {
		case n.Ref:
			where = "the name " + path
		case n.Member != "":
			member, _ := g.shown(n.Member)
			where = path + copies.MemberMark + member
		case n.Line > 0:
			where = fmt.Sprintf("%s:%d", path, n.Line)
		default:
			where = "the file name " + path
		}
	}
	if n.Commit != "" {
		where = "commit " + n.Commit[:min(10, len(n.Commit))] + ", " + where
	}
	what := n.Part.String()
	if n.Form != copies.Plain {
		what += " in another form (" + string(n.Form) + ")"
	}
	if n.API != nil {
		return fmt.Sprintf("  %s: API key for Amazon Bedrock %s (%s)", where, show.Flow(n.API.Name), whose)
	}
	return fmt.Sprintf("  %s: %s of key %s (%s)", where, what, id, whose)
}

// shown is a path for people, and whether that is all of it: a name may hold a secret
// too, in any form.
func (g *guard) shown(path string) (text string, whole bool) {
	type part struct{ from, to int }
	var secret []part
	copies.NewScanner(g.matcher).Bytes([]byte(path), func(h copies.Hit) {
		if h.Part == copies.Secret {
			secret = append(secret, part{int(h.Off), int(h.Off) + h.Len})
		}
	})
	sorting.By(secret, func(a, b part) int { return b.from - a.from })
	for _, s := range secret {
		path = path[:s.from] + show.Redacted + path[min(s.to, len(path)):]
	}
	return show.Flow(path), len(secret) == 0
}

// sayUnstage shows how to take paths out of the index, from the folder in which the
// person is.
func (g *guard) sayUnstage(paths []string) {
	if len(paths) == 0 {
		return
	}
	if !g.index { // git commit -a, or with the names of files
		g.e.say("Take it out of the file, then commit again")
		return
	}
	command := "git restore --staged --"
	if g.unborn {
		command = "git rm --cached --"
	}
	for _, path := range paths[:min(len(paths), mostHints)] {
		w := show.Word(pathspec(g.fromHere(path)), "linux")
		if _, whole := g.shown(path); w != "" && whole {
			g.e.say("To unstage it: %s %s", command, w)
		}
	}
}

// pathspec is a path as an argument of git that means nothing but this path.
func pathspec(path string) string {
	if strings.ContainsAny(path, `*?[\`) || strings.HasPrefix(path, ":") {
		return ":(literal)" + path
	}
	return path
}

// fromHere is a path of the repository as git takes it where the person is: in a hook
// that is not where the hook is run (GIT_PREFIX).
func (g *guard) fromHere(path string) string {
	here, err := os.Getwd()
	if err != nil || g.top == "" {
		return path
	}
	if real, err := filepath.EvalSymlinks(here); err == nil {
		here = real
	}
	top := g.top
	if real, err := filepath.EvalSymlinks(top); err == nil {
		top = real
	}
	if here == top {
		here = filepath.Join(top, filepath.FromSlash(os.Getenv("GIT_PREFIX")))
	}
	rel, err := filepath.Rel(here, filepath.Join(top, filepath.FromSlash(path)))
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

// sayAllow shows the lines by which keys of others may come in.
func (g *guard) sayAllow(others []copies.Hit) {
	var lines []string
	named := map[string]bool{}
	until := g.e.Now().AddDate(0, allowFor, 0).Format(time.DateOnly) + " why it may be here"
	for _, h := range others {
		value := h.ID
		if h.API != nil {
			value = h.API.Text.Reveal()
			if slices.Contains(g.accounts, h.API.Account) { // the user's own, of which no hash is made
				continue
			}
		}
		if named[value] || len(named) >= mostHints {
			continue
		}
		named[value] = true
		if h.API == nil {
			lines = append(lines, value+" "+until)
		}
		if hash, err := g.allowed.hashed(value); err == nil {
			lines = append(lines, hash+" "+until)
		}
	}
	if len(lines) == 0 {
		return
	}
	g.e.say("If it is test data, add a line to %s, by its ID or by a hash that does not name it:", allowFile)
	for _, line := range lines {
		g.e.say("  %s", line)
	}
}
