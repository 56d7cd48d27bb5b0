package cli

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate"
	"keycare/rotate/job"
	"keycare/rotate/schedule"
)

func scheduleCommand(e *env) *cli.Command {
	flags := func() []cli.Flag {
		return append([]cli.Flag{
			&cli.StringFlag{Name: "kind", Usage: "make this `KIND` of timer: systemd, launchd, task or cron; else the one that fits this machine"},
		}, timerFlags()...)
	}
	return &cli.Command{
		Name:  "schedule",
		Usage: "let a timer look after the keys",
		Description: "The timer starts every four hours, also after the machine slept. It audits once a\n" +
			"day and retires old keys after their grace. It rotates nothing but the profiles\n" +
			"that are given to it by --rotate.",
		Action: action(e, noSubcommand),
		Subcommands: []*cli.Command{
			{
				Name:  "install",
				Usage: "make the timer, or change it",
				Description: "A second install takes the place of the first. Proxies, certificates, places of\n" +
					"files and regions that are set in this shell are kept for the timer, keys never.",
				Flags: flags(), Action: action(e, runScheduleInstall),
			},
			{Name: "print", Usage: "show what install would write, and write nothing", Flags: flags(), Action: action(e, runSchedulePrint)},
			{Name: "status", Usage: "show the timer, when it runs next, and how it went last", Flags: []cli.Flag{formatFlag}, Action: action(e, runScheduleStatus)},
			{Name: "remove", Usage: "take the timer away", Action: action(e, runScheduleRemove)},
			scheduleRunCommand(e),
		},
	}
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
			h.User = u.Uid
		}
	}
	return h, nil
}

// timerJob is what the flags of install and print ask for, and the kind.
func timerJob(e *env, c *cli.Context, h *schedule.Host) (k schedule.Kind, j schedule.Job, err error) {
	o, err := timerOptionsOf(e, c)
	if err != nil {
		return "", j, err
	}
	if c.IsSet("kind") {
		name, err := oneOf(c, "kind", schedule.Names()...)
		if err != nil {
			return "", j, err
		}
		k = schedule.Kind(name)
	}
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
	if j.Argv, err = timerArgv(e, c, running, inPath); err != nil {
		return "", j, err
	}
	j.Minute = minuteOf(h)
	j.Env, err = timerEnv(e, k)
	return k, j, err
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
		if err := rotate.New(*o).CanRotate(p); err != nil {
			return err
		}
	}
	return nil
}

// timerArgv is the command line of the timer: what was given, no defaults, so
// that settings and better defaults of later versions reach it.
func timerArgv(e *env, c *cli.Context, running, inPath string) ([]string, error) {
	typed := ""
	if filepath.Base(e.Program) != e.Program {
		typed = e.Program
	}
	path, err := schedule.Binary(running, os.TempDir(), inPath, typed)
	if err != nil {
		return nil, err
	}
	argv := []string{path, "schedule", "run"}
	var seen []string
	for _, p := range c.StringSlice("rotate") {
		if !slices.Contains(seen, p) {
			seen, argv = append(seen, p), append(argv, "--rotate", p)
		}
	}
	for _, flag := range []string{"max-age", "grace", "retire"} {
		if c.IsSet(flag) {
			argv = append(argv, "--"+flag, c.String(flag))
		}
	}
	return argv, nil
}

// timerEnv is what the timer needs of this shell's environment. It tells what
// cannot be kept.
func timerEnv(e *env, k schedule.Kind) ([]schedule.Var, error) {
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
	if !k.Traits().NoEnv && otherHome(e) {
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

// otherHome reports whether HOME is not the user's home folder, from which a
// timer would start.
func otherHome(e *env) bool {
	if e.Vars.GOOS == "windows" {
		return false
	}
	u, err := user.LookupId(strconv.Itoa(os.Getuid()))
	if err != nil || u.HomeDir == "" {
		return false
	}
	mine, err := os.Stat(e.Folders.Home)
	if err != nil {
		return false
	}
	his, err := os.Stat(u.HomeDir)
	return err != nil || !os.SameFile(mine, his)
}

// minuteOf spreads the timers of many machines over the hour, and is the same
// at every install.
func minuteOf(h *schedule.Host) int {
	name, _ := os.Hostname() // without one, the user alone decides
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name + "\x00" + h.User + "\x00" + h.Home))
	return int(sum.Sum32() % 60)
}

func runScheduleInstall(e *env, c *cli.Context) error {
	h, err := timerHost(e)
	if err != nil {
		return err
	}
	k, j, err := timerJob(e, c, h)
	if err != nil {
		return err
	}
	state, err := e.State()
	if err != nil {
		return err
	}
	r, err := h.Install(c.Context, k, j)
	if err != nil {
		return err
	}
	if r.Same {
		fmt.Fprintf(e.Out, "already installed, nothing changed: %s\n", k.Title())
	} else {
		fmt.Fprintf(e.Out, "installed: %s\n", k.Title())
	}
	for _, w := range r.Timer.Where {
		fmt.Fprintf(e.Out, "  %s\n", w)
	}
	for _, t := range r.Removed {
		fmt.Fprintf(e.Out, "removed: %s, for one timer is enough\n", t.Kind.Title())
	}
	fmt.Fprintf(e.Out, "starts every four hours: %s\n", schedule.Line(e.Vars.GOOS, j.Argv))
	if len(j.Env) > 0 {
		fmt.Fprintf(e.Out, "with, from this shell: %s\n", strings.Join(names(j.Env), ", "))
	}
	if k.Traits().StartsNow && !r.Same {
		fmt.Fprintln(e.Out, "first run: now")
	} else if at := nextRun(r.Timer); at != "" {
		fmt.Fprintf(e.Out, "next run: %s\n", at)
	}
	for _, t := range r.Timer.Trouble {
		e.warn("%s", t)
	}
	also := k.Traits().Logs
	if also != "" {
		also = ", " + also
	}
	fmt.Fprintf(e.Out, "to see how it goes: keycare schedule status%s; its log is %s\n", also, job.LogPath(state))
	if len(c.StringSlice("rotate")) == 0 {
		fmt.Fprintln(e.Out, "it audits once a day and rotates nothing: give --rotate PROFILE to put a profile's key in its care")
	}
	return nil
}

func names(env []schedule.Var) []string {
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

// runSchedulePrint writes exactly what install would. Where each file belongs is
// said on stderr, except that two units need a line between them, which to
// systemd is a comment.
func runSchedulePrint(e *env, c *cli.Context) error {
	h, err := timerHost(e)
	if err != nil {
		return err
	}
	k, j, err := timerJob(e, c, h)
	if err != nil {
		return err
	}
	files, err := h.Render(k, j)
	if err != nil {
		return err
	}
	for _, f := range files {
		if len(files) == 1 {
			fmt.Fprintf(e.Err, "# %s\n", f.Path)
		} else {
			fmt.Fprintf(e.Out, "# %s\n", f.Path)
		}
		// A file or a pipe gets the bytes as they are installed.
		data, to := f.Data, show.Under(e.Out)
		if e.Terminal.Out {
			data, to = []byte(f.Text()), e.Out
		}
		if _, err := to.Write(data); err != nil {
			return err
		}
	}
	return nil
}

func runScheduleRemove(e *env, c *cli.Context) error {
	if err := noArgs(c); err != nil {
		return err
	}
	h, err := timerHost(e)
	if err != nil {
		return err
	}
	gone, err := h.Remove(c.Context)
	for _, t := range gone {
		fmt.Fprintf(e.Out, "removed: %s\n", t.Kind.Title())
		for _, w := range t.Where {
			fmt.Fprintf(e.Out, "  %s\n", w)
		}
	}
	if err == nil && len(gone) == 0 {
		fmt.Fprintln(e.Out, "no timer is installed, so there is nothing to remove")
	}
	return err
}
