package cli

// What the schedule commands share: this machine as a host of timers, and the
// timer that the flags ask for.

import (
	"cmp"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate"
	"keycare/rotate/schedule"
)

// installFlags are those of install and print.
func installFlags(e *env) []cli.Flag {
	kind := choice("kind", "", "make this `KIND` of timer, else the one that fits this machine", schedule.Names()...)
	return append([]cli.Flag{kind}, timerFlags(e)...)
}

// timerHost is this machine.
func timerHost(e *env) (*schedule.Host, error) {
	home := e.Folders.Home
	if home == "" {
		return nil, credfile.ErrNoHome
	}
	state, err := e.State()
	if err != nil {
		return nil, err
	}
	h := &schedule.Host{
		GOOS: e.Vars.GOOS, Disk: e.Disk, Run: schedule.Exec, Wait: wait, Now: e.Now,
		Home: home, ConfigHome: cmp.Or(e.Vars.Get("XDG_CONFIG_HOME"), filepath.Join(home, ".config")), Temp: state.Dir,
		UID: os.Getuid(),
	}
	if u, err := user.Current(); err == nil {
		h.User = u.Username
		if e.Vars.GOOS == "windows" {
			h.User, h.Account = u.Uid, u.Username
		}
	}
	return h, nil
}

// timerJob is what the flags of install and print ask for, and the kind. With a
// *schedule.Passing the job is whole all the same.
func timerJob(e *env, c *cli.Context, h *schedule.Host) (k schedule.Kind, j schedule.Job, err error) {
	o, err := timerOptionsOf(e, c)
	if err != nil {
		return "", j, err
	}
	k = schedule.Kind(c.String("kind"))
	if err := canRotate(e, c, o.rotate); err != nil {
		return "", j, err
	}
	if k == "" {
		if k, err = h.Default(c.Context); err != nil {
			return "", j, err
		}
	}
	running, err := os.Executable()
	if err != nil {
		return "", j, err
	}
	inPath, _ := exec.LookPath("keycare") // that it is not there is no error
	var stays error
	if j.Argv, stays = timerArgv(e, c, running, inPath); j.Argv == nil {
		return "", j, stays
	}
	machine, _ := os.Hostname() // without one, the user alone decides
	j.Minute = h.Minute(machine)
	if j.Env, err = timerEnv(e, h, k); err != nil {
		return "", j, err
	}
	return k, j, stays
}

// canRotate refuses profiles that are in neither file, and those whose keys can
// never be rotated.
func canRotate(e *env, c *cli.Context, profiles []string) error {
	if len(profiles) == 0 {
		return nil
	}
	o, err := rotateOptions(e, c)
	if err != nil {
		return err
	}
	set, err := credfile.Load(o.Disk, o.Paths)
	if err != nil {
		return err
	}
	if err := set.MustHave(profiles); err != nil {
		return err
	}
	for _, p := range profiles {
		if err := rotate.New(o).CanRotate(p); err != nil {
			return err
		}
	}
	return nil
}

// timerArgv is the command line of the timer: what was given, no defaults, so
// that settings and better defaults of later versions reach it. It may come with a
// *schedule.Passing.
func timerArgv(e *env, c *cli.Context, running, inPath string) ([]string, error) {
	typed := ""
	if filepath.Base(e.Program) != e.Program {
		typed = e.Program
	}
	path, stays := schedule.Binary(running, os.TempDir(), inPath, typed)
	if path == "" {
		return nil, stays
	}
	argv := []string{path, "schedule", "run"}
	var seen []string
	for _, p := range c.StringSlice("rotate") {
		if !slices.Contains(seen, p) {
			seen = append(seen, p)
			if strings.HasPrefix(p, "-") {
				argv = append(argv, "--rotate="+p)
			} else {
				argv = append(argv, "--rotate", p)
			}
		}
	}
	for _, flag := range []string{"max-age", "grace", "retire"} {
		if c.IsSet(flag) {
			argv = append(argv, "--"+flag, c.String(flag))
		}
	}
	return argv, stays
}

// timerEnv is what the timer needs of this shell's environment. It tells what
// cannot be kept.
func timerEnv(e *env, h *schedule.Host, k schedule.Kind) ([]schedule.Var, error) {
	set, err := e.Settings()
	if err != nil {
		return nil, err
	}
	var own []string
	for _, s := range set.Show() {
		if strings.HasPrefix(s.From, "KEYCARE_") {
			own = append(own, s.From)
		}
	}
	if !k.Traits().NoEnv && h.OtherHome() {
		own = append(own, "HOME")
	}
	vars, left := schedule.Capture(e.Vars.Lookup, own)
	if k.Traits().NoEnv {
		var names []string
		for _, v := range vars {
			names = append(names, v.Name)
		}
		if len(names) > 0 {
			e.warn("the Task Scheduler gives the task your user's variables, not this window's. Set here: %s. "+
				"For each that you did not set for your user, run: setx NAME VALUE", strings.Join(names, ", "))
		}
		vars = nil
	}
	for _, l := range left {
		e.warn("%s", l)
	}
	return vars, nil
}

func varNames(env []schedule.Var) []string {
	all := []string{}
	for _, v := range env {
		all = append(all, v.Name)
	}
	return all
}

// nextRun is when a timer starts next, for people.
func nextRun(t schedule.Timer) string {
	if t.Next.IsZero() {
		return ""
	}
	at := show.Time(t.Next)
	if late := t.Kind.Traits().Late; late != "" {
		at += ", or " + late
	}
	return at
}
