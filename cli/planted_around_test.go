package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

// settingsFile has every setting that keycare.ini may have.
const settingsFile = `max_age = 60d
max_unused = 30d
fail_on = high
accounts = 123456789012
rules_off = static-key
mfa_command = code --of phone
notices = on
[never_call]
profiles = person
keys = AKIAQAAAAAAAQAAAAAAA
accounts = 210987654321
[exception old]
rule = old-key
profile = default
account = 123456789012
key = AKIAQAAAAAAAQAAAAAAA
reason = the build server is being replaced
until = 2099-01-31
`

// awsVariables are those that AWS's tools or keycare read, each with a form that
// is right.
var awsVariables = map[string]string{
	"AWS_PROFILE": "default", "AWS_DEFAULT_PROFILE": "default", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
	"AWS_ACCESS_KEY_ID": "AKIAQAAAAAAAQAAAAAAA", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_SECURITY_TOKEN": "",
	"AWS_BEARER_TOKEN_BEDROCK": "",
	"AWS_ENDPOINT_URL":         "http://127.0.0.1:9/", "AWS_ENDPOINT_URL_IAM": "http://127.0.0.1:9/", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9/",
	"AWS_ENDPOINT_URL_CLOUDTRAIL": "http://127.0.0.1:9/", "AWS_SDK_UA_APP_ID": "app", "AWS_STS_REGIONAL_ENDPOINTS": "regional",
	"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "2", "AWS_USE_FIPS_ENDPOINT": "false", "AWS_USE_DUALSTACK_ENDPOINT": "false",
	"AWS_DEFAULTS_MODE": "standard", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x", "AWS_ROLE_SESSION_NAME": "x",
	"AWS_CREDENTIAL_FILE": "/nowhere/keys", "BOTO_CONFIG": "/nowhere/boto", "AWS_CLI_HISTORY_FILE": "/nowhere/history.db",
	"AWS_SHARED_CREDENTIALS_FILE": "", "AWS_CONFIG_FILE": "", "AWS_CA_BUNDLE": "/nowhere/ca.pem", "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token",
	"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required", "AWS_ACCOUNT_ID_ENDPOINT_MODE": "preferred", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9",
}

// around is a text that stands somewhere around the AWS files: in the settings,
// in a variable, in a flag.
type around struct {
	field    string
	settings string
	vars     map[string]string
	commands [][]string // others than those that read the files
}

// aroundCommands are run with each text of the settings and the variables.
var aroundCommands = [][]string{
	{}, {"audit", "--offline"}, {"audit"}, {"audit", "--format", "json"}, {"fix", "--dry-run"}, {"status"}, {"status", "--format", "json"}, {"settings"},
	{"settings", "--format", "json"}, {"rotate", "--dry-run", "--format", "json"}, {"rotate", "--dry-run", "--due"}, {"replace-root", "--dry-run"}, {"policy"},
	{"explain", "old-key"}, {"schedule", "print", "--kind", "systemd"}, {"schedule", "run", "--always"}, {"rotate", "--yes", "--all"}, {"resume", "--yes"},
}

// forms are the ways in which a text gets into a value: alone, behind what is
// right, in parts of an address.
func forms(right, what string) []string {
	all := []string{what}
	if right == "" {
		return all
	}
	all = append(all, right+what, right+","+what, right+" "+what)
	if strings.Contains(right, "://") {
		all = append(all, "http://"+strings.NewReplacer("/", "", "+", "").Replace(what)+".example:1", "http://someone:"+strings.ReplaceAll(what, "/", "%2F")+"@127.0.0.1:9/")
	}
	return all
}

func aroundSettings(what string) (all []around) {
	lines := strings.Split(settingsFile, "\n")
	for n, line := range lines {
		with := func(field, text string) {
			changed := slices.Clone(lines)
			changed[n] = text
			all = append(all, around{field: fmt.Sprintf("keycare.ini:%d %s", n+1, field), settings: strings.Join(changed, "\n")})
		}
		name, right, setting := strings.Cut(line, " = ")
		switch {
		case setting:
			for _, form := range forms(right, what) {
				with(name, name+" = "+form)
			}
			with("a name", what+" = x")
			variable := "KEYCARE_" + strings.ToUpper(name)
			all = append(all, around{field: variable, vars: map[string]string{variable: what}},
				around{field: variable + " behind", vars: map[string]string{variable: right + "," + what}})
		case line != "":
			with("header", "["+what+"]")
			with("header of an exception", "[exception "+what+"]\nrule = old-key\nreason = x\nuntil = 2099-01-31\n"+line)
			with("line", what)
		}
	}
	return append(all, around{field: "a KEYCARE variable's name", vars: map[string]string{"KEYCARE_" + what: "x"}})
}

func aroundVariables(what string) (all []around) {
	for _, name := range slices.Sorted(maps.Keys(awsVariables)) {
		right := awsVariables[name]
		for _, form := range forms(right, what) {
			all = append(all, around{field: name, vars: map[string]string{name: form}})
		}
	}
	return all
}

// aroundFlags are all flags with a value of all commands but those that change the
// machine or start a server, and their arguments.
func aroundFlags(t *testing.T, what string) (all []around) {
	var walk func(path []string, c *cli.Command)
	walk = func(path []string, c *cli.Command) {
		path = append(slices.Clone(path), c.Name)
		if at := strings.Join(path, " "); at == "demo" || at == "schedule install" || at == "schedule remove" {
			return
		}
		for _, sub := range c.Subcommands {
			walk(path, sub)
		}
		var runs [][]string
		try := func(args ...string) { runs = append(runs, append(slices.Clone(path), args...)) }
		for _, f := range c.Flags {
			if reflect.Indirect(reflect.ValueOf(f)).Type() == reflect.TypeFor[cli.BoolFlag]() {
				continue
			}
			for _, form := range []string{what, "AKIAQAAAAAAAQAAAAAAA," + what, "x " + what} {
				try("--"+f.Names()[0], form)
				try("--" + f.Names()[0] + "=" + form)
			}
		}
		try(what)
		try("default", what)
		try("--"+what, "x")
		try("--" + what + "=x")
		try("-" + what)
		all = append(all, around{field: "words of " + strings.Join(path, " "), commands: runs})
	}
	app := newApp(hereIn(t.TempDir()).env)
	for _, c := range app.Commands {
		walk(nil, c)
	}
	return append(all, around{field: "words", commands: [][]string{{what}, {"--" + what}, {"help", what}, {"--config", what}, {"schedule", what}}})
}

// eachAround runs the commands with each text, and returns how many runs that were.
func (w *wire) eachAround(t *testing.T, all []around, what string, check func(t *testing.T, p plant, by, out string)) (runs int) {
	w.lookFor(what)
	for i, a := range all {
		for name, value := range a.vars {
			if strings.ContainsRune(name+value, 0) {
				continue
			}
			if before, set := os.LookupEnv(name); set {
				defer os.Setenv(name, before)
			}
			os.Setenv(name, value)
		}
		dir := filepath.Join(t.TempDir(), "home")
		user := fmt.Sprintf("around%d", i)
		w.iam.AddUser(awstest.User{Name: user})
		w.furnish(t, dir, homeFiles, w.iam.AddKey(user, time.Now().AddDate(0, 0, -400)))
		if a.settings != "" {
			writeFile(t, filepath.Join(dir, "settings", "keycare.ini"), a.settings, 0o600)
		}
		t.Chdir(dir)
		commands := a.commands
		if commands == nil {
			commands = aroundCommands
		}
		var wg sync.WaitGroup
		next := make(chan int)
		for range 16 {
			wg.Go(func() {
				for j := range next {
					out := runWith(t, dir, a.vars, commands[j]...)
					check(t, plant{field: a.field}, strings.ReplaceAll(strings.Join(commands[j], " "), what, "NAME"), out)
				}
			})
		}
		for j := range commands {
			every := 3
			if slices.Contains(commands[j], "run") {
				every = 9 // it waits for a network
			}
			if testing.Short() {
				every = 36
			}
			if a.commands == nil && (i+j)%every > 0 && !testrun.IsLong() {
				continue // each command sees every third text
			}
			next <- j
			runs++
		}
		close(next)
		wg.Wait()
		for _, l := range w.taken() {
			t.Errorf("%s: %s", a.field, l)
		}
		l := &leaks{secrets: []string{what}}
		l.allow(filepath.Join(dir, "settings", "keycare.ini"))
		find := l.find
		if what == hostile {
			find = l.findPlain
		}
		for _, found := range find(dir) {
			if found == nameHolds && what == hostile {
				continue // a file is made by the name that a flag gives it
			}
			t.Errorf("%s: %s", a.field, found)
		}
		for name := range a.vars {
			os.Unsetenv(name)
		}
	}
	return runs
}

// TestPlantedAround plants a secret in every setting, variable, flag and argument
// in turn, and looks for it as TestPlantedSecret does.
func TestPlantedAround(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the folder of the moment cannot be removed there")
	}
	w := newWire(t)
	all := slices.Concat(aroundSettings(planted), aroundVariables(planted), aroundFlags(t, planted))
	runs := w.eachAround(t, all, planted, func(t *testing.T, p plant, by, out string) {
		if leaked(out, planted) {
			t.Errorf("%s: %q prints the secret:\n%s", p.field, by, excerpt(out))
		}
	})
	t.Logf("%d texts, %d runs, %d requests, %d names looked up", len(all), runs, w.requests.Load(), w.lookups.Load())
}

// TestHostileAround is the same for text that steers a terminal.
func TestHostileAround(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("variables are UTF-16 there")
	}
	w := newWire(t)
	all := slices.Concat(aroundSettings(hostile), aroundVariables(hostile), aroundFlags(t, hostile))
	if !testrun.IsLong() {
		all = slices.DeleteFunc(all, func(a around) bool { return len(a.field)%2 > 0 })
	}
	runs := w.eachAround(t, all, hostile, shownPlainly)
	t.Logf("%d texts, %d runs", len(all), runs)
}
