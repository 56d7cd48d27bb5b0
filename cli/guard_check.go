package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/copies/gitobj"
	"keycare/credfile/hook"
	"keycare/credfile/show"
)

func guardCheckCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "check", Usage: "check what is staged, a range of commits, a message or a push",
		Description: "Without a flag it checks what is staged. Exit code 1 means that a key would come in.\n" +
			"Keys of others can be allowed in .keycare-allow at the top of the work tree, a line\n" +
			"each: the key ID, the last day, a reason. Your own keys cannot. In a CI, where no\n" +
			"key is, KEYCARE_ACCOUNTS names your accounts.",
		ArgsUsage: "[ARGUMENT]...",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "staged", Usage: "check what the next commit adds (the default)"},
			&cli.StringFlag{Name: "range", Usage: "check what the commits of this `RANGE` add, such as main..HEAD"},
			&cli.BoolFlag{Name: "message", Usage: "check the commit message in the file that is named"},
			&cli.BoolFlag{Name: "pushed", Usage: "check what a push adds, as Git tells the hook pre-push"},
			&cli.BoolFlag{Name: "all", Usage: "check all commits there are"},
		},
		UsageText: usage.Examples(
			"keycare guard check", "what would be committed now",
			"keycare guard check --range main..HEAD", "in a CI"),
		Action: action(e, runGuardCheck),
	}
}

func runGuardCheck(e *env, c *cli.Context) error {
	asked := 0
	for _, flag := range []string{"staged", "range", "message", "pushed", "all"} {
		if c.IsSet(flag) {
			asked++
		}
	}
	if asked > 1 {
		return usagef("--staged, --range, --message, --pushed and --all: give one of them")
	}
	g, err := guardOf(e)
	if err != nil {
		return err
	}
	if c.Bool("message") {
		return g.message(c.Args().First())
	}
	r, err := findRepo(c.Context)
	if err != nil {
		return err
	}
	ch := &gitobj.Changes{Git: r.git, Dir: r.dir, Matcher: g.matcher, Counts: g.counts}
	if index := os.Getenv("GIT_INDEX_FILE"); index != "" {
		if ch.Index, err = filepath.Abs(index); err != nil {
			return err
		}
	}
	if err := g.readAllowed(r.top); err != nil {
		return err
	}
	var found []gitobj.New
	switch {
	case c.IsSet("range"):
		if strings.HasPrefix(c.String("range"), "-") {
			return usagef("--range: it is not a range of commits, such as main..HEAD")
		}
		found, err = ch.Range(c.Context, c.String("range"))
	case c.Bool("all"):
		found, err = ch.Range(c.Context, "--all")
	case c.Bool("pushed"):
		var lines []byte
		if lines, err = io.ReadAll(io.LimitReader(e.In, 64<<20)); err == nil {
			found, err = ch.Pushed(c.Context, c.Args().First(), string(lines))
		}
	default:
		found, err = ch.Staged(c.Context)
	}
	if err != nil {
		return fmt.Errorf("keycare guard could not check: %w", err)
	}
	return g.say(found, c.Bool("pushed") || c.IsSet("range") || c.Bool("all"))
}

// guard knows the keys that must not come in.
type guard struct {
	e        *env
	keys     []copies.Key
	accounts []string
	matcher  *copies.Matcher
	allowed  map[string]time.Time // until when, by key ID
	path     string               // of the list
}

func guardOf(e *env) (*guard, error) {
	set, err := e.Settings()
	if err != nil {
		return nil, err
	}
	in, _, err := gather(e, scope{policy: policyOf(set), never: set.NeverCall, offline: true})
	if errors.Is(err, credfile.ErrNoHome) { // in a CI
		err = nil
	}
	if err != nil {
		return nil, err
	}
	for _, err := range in.ReadErrors {
		e.warn("%v: keys that are only there are not known", err)
	}
	g := &guard{e: e, keys: ownKeys(e, in), allowed: map[string]time.Time{}}
	g.accounts = accountsOf(g.keys, set.Accounts)
	g.matcher = copies.NewMatcher(g.keys, copies.Options{Others: true})
	return g, nil
}

// counts reports whether a hit is of a key that must not come in: one of the user's
// own, one of their accounts, or another with what may be its secret. Bait is none.
func (g *guard) counts(h copies.Hit) bool {
	if h.Key >= 0 {
		return true
	}
	facts := credfile.FactsOf(h.ID)
	if facts.Canary || facts.Example || g.isAllowed(h.ID) {
		return false
	}
	return slices.Contains(g.accounts, facts.Account) || h.Near
}

func (g *guard) isAllowed(id string) bool {
	until, ok := g.allowed[id]
	return ok && g.e.Now().Before(until)
}

// allowFile is the list of keys that may be in a repository.
const allowFile = ".keycare-allow"

// readAllowed reads the list at the top of the work tree: "KEYID 2027-01-31 reason"
// a line. A repository cannot allow the user's own keys.
func (g *guard) readAllowed(top string) error {
	if top == "" {
		return nil
	}
	g.path = filepath.Join(top, allowFile)
	fi, err := g.e.Disk.Lstat(g.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !fi.Mode().IsRegular() || fi.Size() > 1<<20:
		return fmt.Errorf("%s is not a small regular file", g.path)
	}
	b, err := g.e.Disk.ReadFile(g.path)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		bad := func(why string) error { return fmt.Errorf("%s:%d: %s", g.path, n, why) }
		if !show.IsKeyID(words[0]) {
			return bad("the line does not begin with a key ID")
		}
		if len(words) < 3 {
			return bad("write the key ID, the last day (2027-01-31) and a reason")
		}
		until, err := time.Parse(time.DateOnly, words[1])
		if err != nil {
			return bad("the second word is not a day such as 2027-01-31")
		}
		if slices.ContainsFunc(g.keys, func(k copies.Key) bool { return k.ID == words[0] }) {
			g.e.warn("%s:%d: key %s is your own, so the line does not count", g.path, n, words[0])
			continue
		}
		g.allowed[words[0]] = until.AddDate(0, 0, 1)
	}
	return lines.Err()
}

// scissors begins what git cuts off a message (git-commit(1), --cleanup).
const scissors = " ------------------------ >8 ------------------------"

// message checks a commit's message, but for what git will cut off.
func (g *guard) message(path string) error {
	if path == "" {
		return usagef("--message: name the file of the message")
	}
	b, err := g.e.Disk.ReadFile(path)
	if err != nil {
		return fmt.Errorf("keycare guard could not check: %w", err)
	}
	var text bytes.Buffer
	for line := range bytes.Lines(b) {
		if i := bytes.Index(line, []byte(scissors)); i > 0 && i < 8 && len(bytes.TrimSpace(line)) == i+len(scissors) {
			break
		}
		text.Write(line)
	}
	return g.say((&gitobj.Changes{Matcher: g.matcher, Counts: g.counts}).Text(text.Bytes()), false)
}

// say names what comes in, each key once a place. It is talk: a hook's output goes to
// a person.
func (g *guard) say(found []gitobj.New, committed bool) error {
	if len(found) == 0 {
		return nil
	}
	told := map[string]bool{}
	var paths []string
	rotate := ""
	own, other := false, ""
	for _, n := range found {
		id, whose := n.ID, "another AWS key, with its secret"
		if n.Key >= 0 {
			k := g.keys[n.Key]
			id, own = k.ID, true
			whose = "your key, " + string(k.State)
			if len(k.Profiles) > 0 {
				whose = "your key of " + show.Names(k.Profiles)
				rotate = k.Profiles[0]
			}
		} else if other = n.ID; !n.Near {
			whose = "a key of your account " + credfile.FactsOf(n.ID).Account
		}
		where := "the message"
		switch {
		case n.Path != "":
			where = fmt.Sprintf("%s:%d", show.Flow(n.Path), n.Line)
		case n.Commit != "":
			where = "the message"
		}
		if n.Commit != "" {
			where = "commit " + n.Commit[:min(10, len(n.Commit))] + ", " + where
		}
		what := n.Part.String()
		if n.Form != copies.Plain {
			what += " in another form (" + string(n.Form) + ")"
		}
		line := fmt.Sprintf("  %s: %s of key %s (%s)", where, what, id, whose)
		if !told[line] {
			told[line] = true
			if len(told) == 1 {
				g.e.say("keycare guard: stopped, because an AWS key would come in:")
			}
			if len(told) <= mostTold {
				g.e.say("%s", line)
			}
		}
		if n.Path != "" && n.Commit == "" && !slices.Contains(paths, n.Path) {
			paths = append(paths, n.Path)
		}
	}
	if n := len(told) - mostTold; n > 0 {
		g.e.say("  and %d more places", n)
	}
	for _, path := range paths[:min(len(paths), 3)] {
		if w := show.Word(path, "linux"); w != "" {
			g.e.say("To unstage it: git restore --staged -- %s", w)
		}
	}
	if own && committed {
		g.e.say("If it has been pushed already: keycare rotate %s", show.Word(rotate, "linux"))
	}
	if other != "" && !own {
		g.e.say("To allow it: a line in %s, such as: %s %s why it may be here", allowFile, other, g.e.Now().AddDate(0, 3, 0).Format(time.DateOnly))
	}
	return errFindings
}

// mostTold bounds the places that are named.
const mostTold = 20

func runGuardStatus(e *env, c *cli.Context) error {
	r, err := findRepo(c.Context)
	if err != nil {
		return err
	}
	program, err := guardProgram()
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Out, "repository  %s\n", show.Path(r.dir, e.Folders.Home))
	inConfig := ""
	for _, path := range []string{filepath.Join(r.common, "config"), hook.GlobalConfig(e.Disk, os.Getenv, e.Folders.Home)} {
		if b, err := e.Disk.ReadFile(path); err == nil && r.configHooks {
			if _, had, err := hook.WithoutBlock(string(b)); had && err == nil {
				inConfig = path
			}
		}
	}
	missing := 0
	for _, ev := range hook.Events {
		state, err := hook.Look(e.Disk, r.hooks, ev, program)
		says := map[hook.State]string{hook.Absent: "no hook", hook.Ours: "installed", hook.Other: "another tool's hook, without keycare", hook.Changed: "installed for another path or version of keycare: run keycare guard install again", hook.Edited: "keycare's, changed by hand"}[state]
		switch {
		case inConfig != "":
			says = "installed in " + show.Path(inConfig, e.Folders.Home)
		case err != nil:
			says = "cannot be read: " + err.Error()
			missing++
		case state != hook.Ours:
			missing++
		}
		fmt.Fprintf(e.Out, "%-18s  %s\n", ev.Name, says)
	}
	if err := prove(c.Context, e); err != nil {
		return err
	}
	fmt.Fprintln(e.Out, "proof               a made-up key in a text is found")
	if missing > 0 {
		return errors.New("not every hook is installed here: keycare guard install")
	}
	return nil
}

// prove checks that a planted key is found by what the hooks use.
func prove(_ context.Context, e *env) error {
	g, err := guardOf(e)
	if err != nil {
		return err
	}
	const id = "AKIAQAAAAAAAQAAAAAAA"
	planted := copies.Key{ID: id, Secret: credfile.NewSecret(strings.Repeat("Pl4nted/", 5)), State: copies.Current}
	ch := &gitobj.Changes{Matcher: copies.NewMatcher(append(slices.Clone(g.keys), planted), copies.Options{Others: true}), Counts: func(h copies.Hit) bool { return h.Key == len(g.keys) }}
	if len(ch.Text([]byte("x = "+id+"\ny = "+planted.Secret.Reveal()+"\n"))) < 2 {
		return errors.New("a planted key is not found: this is a bug in keycare")
	}
	return nil
}
