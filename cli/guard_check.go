package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/copies/gitobj"
	"keycare/credfile/show"
)

func guardCheckCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "check", Usage: "check what is staged, a range of commits, a message or a push",
		Description: "Without a flag it checks what is staged. Exit code 1 means that a key would come in.\n" +
			"Keys of others can be allowed in .keycare-allow at the top of the work tree, a line\n" +
			"each: the key ID or a hash of it, the last day, a reason. The line is printed, ready\n" +
			"to be added. Your own keys cannot be allowed. In a CI, where no key is,\n" +
			"KEYCARE_ACCOUNTS names your accounts.",
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
	// That nothing was found would be taken for a word about a file that is named. Hooks
	// give --staged what Git gives them.
	if name := c.Args().First(); c.NArg() > 0 && !c.Bool("staged") && !c.Bool("message") && !c.Bool("pushed") {
		return usagef("\"keycare guard check\" checks what is staged, not %s; to look into a file or folder: %s", show.Name(name),
			cmp.Or(show.Command(e.Vars.GOOS, "keycare", "scan", name), "keycare scan PATH"))
	}
	g, err := guardOf(e)
	if err != nil {
		return err
	}
	r, err := findRepo(c.Context)
	switch {
	case err == nil:
		g.top = r.top
		err = g.readAllowed(r.top)
	case c.Bool("message"): // of no repository's
		err = nil
	}
	if err != nil {
		return err
	}
	if c.Bool("message") {
		return g.message(c.Args().First())
	}
	ch := &gitobj.Changes{Git: r.git, Dir: r.dir, Matcher: g.matcher, Counts: g.counts}
	if ch.Env, err = callersGit(); err != nil {
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
		found, err = ch.All(c.Context)
	case c.Bool("pushed") && c.NArg() == 0 && os.Getenv("PRE_COMMIT") != "":
		found, err = byPreCommit(c.Context, ch)
	case c.Bool("pushed"):
		var lines []byte
		if lines, err = io.ReadAll(io.LimitReader(e.In, 64<<20)); err == nil {
			found, err = ch.Pushed(c.Context, c.Args().First(), string(lines))
		}
	default:
		found, err = ch.Staged(c.Context)
		g.unborn, g.index = ch.Unborn, !slices.ContainsFunc(ch.Env, func(v string) bool {
			return strings.HasPrefix(v, "GIT_INDEX_FILE=") && filepath.Base(v) != "index"
		})
	}
	if err != nil {
		return fmt.Errorf("keycare guard could not check: %w", err)
	}
	return g.say(found, c.Bool("pushed") || c.IsSet("range") || c.Bool("all"))
}

// byPreCommit is what a push brings as the framework pre-commit tells it, which keeps
// what git says to itself: by variables, about the first name that is pushed. Without
// one the history is pushed from its beginning, and by hand it is that of HEAD. Source:
// its documentation, "pre-push".
func byPreCommit(ctx context.Context, ch *gitobj.Changes) ([]gitobj.New, error) {
	branch := cmp.Or(os.Getenv("PRE_COMMIT_LOCAL_BRANCH"), "HEAD")
	return ch.PushedName(ctx, os.Getenv("PRE_COMMIT_REMOTE_NAME"), branch,
		cmp.Or(os.Getenv("PRE_COMMIT_TO_REF"), branch), os.Getenv("PRE_COMMIT_FROM_REF"))
}

// callersGit are the variables by which git tells a hook, or a person git, where a
// repository keeps its index and its objects.
func callersGit() (env []string, err error) {
	for _, name := range []string{"GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"} {
		path := os.Getenv(name)
		if path == "" {
			continue
		}
		if path, err = filepath.Abs(path); err != nil {
			return nil, err
		}
		env = append(env, name+"="+path)
	}
	if all := os.Getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES"); all != "" {
		env = append(env, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+all)
	}
	return env, nil
}

// guard knows the keys that must not come in.
type guard struct {
	e        *env
	keys     []copies.Key
	accounts []string
	matcher  *copies.Matcher
	allowed  allowList
	top      string // of the work tree; empty in a bare repository
	unborn   bool   // there is no commit yet
	index    bool   // what is checked is the index that git add changes
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
	g := &guard{e: e, keys: ownKeys(e, in)}
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
	if h.API != nil {
		return slices.Contains(g.accounts, h.API.Account) || !g.allowed.has(h.API.Text.Reveal(), g.e.Now())
	}
	facts := credfile.FactsOf(h.ID)
	if facts.Canary || facts.Example || !h.Near && !slices.Contains(g.accounts, facts.Account) {
		return false
	}
	return !g.allowed.has(h.ID, g.e.Now())
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
