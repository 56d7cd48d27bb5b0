package cli

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// deadEnd is an address where nobody answers.
const deadEnd = "AWS_ENDPOINT_URL=http://127.0.0.1:9"

// homeCases are homes of testdata/cases, each after a report of somebody who was
// misled by another tool, with what keycare has to say about them. What is shown
// is on one line for the comparison. "~" stands for the home in env.
var homeCases = []struct {
	home    string
	prepare func(t *testing.T, home string)
	env     []string
	args    string
	code    int
	want    []string
	not     []string
}{
	{home: "id-comma-secret", env: []string{deadEnd}, args: "rotate --dry-run", code: 3, not: []string{"127.0.0.1", "case+one"}},
	{home: "id-comma-secret", args: "audit --details --offline", want: []string{"not-an-access-key", "something follows the ID"}, not: []string{"case+one"}},
	{home: "escape-in-id", env: []string{deadEnd}, args: "rotate --dry-run", code: 3, not: []string{"127.0.0.1", "\x1b"}},
	{home: "escape-in-id", args: "audit --details --offline", want: []string{"23 characters, some of them invisible", "credentials:2"}, not: []string{"\x1b"}},
	{home: "bracketed-paste", args: "audit --details --offline", want: []string{"32 characters, some of them invisible", "credentials:2", "the secret of profile \"default\" has 52 characters, some of them invisible", "credentials:3"}, not: []string{"\x1b"}},
	{home: "nbsp-before-equals", args: "audit --details --offline", want: []string{"1 profile, 1 key", "key AKIAZAVB57H55CASEONE of profile \"default\" works", "an unusual space", "keycare fix"}, not: []string{"stray-key"}},
	{home: "nbsp-before-header", args: "audit --details --offline", want: []string{"2 profiles, 2 keys", "AKIAZAVB57H55CASEONE", "AKIAZAVB57H55CASETWO of profile \"work\"", "credentials:4"}, not: []string{"delete one of the two"}},
	{home: "nbsp-after-id", args: "audit --details --offline", want: []string{"1 profile, 1 key", "key AKIAZAVB57H55CASEONE", "an unusual space"}, not: []string{"not-an-access-key", "readers-disagree"}},
	{home: "id-none-tail", args: "audit --details --offline", want: []string{"not-an-access-key", "27 characters, because [None] follows the ID", "delete what follows the ID"}},
	{home: "space-inside", args: "audit --details --offline", want: []string{"21 characters, a space among them"}},
	{home: "secret-percent", args: "audit --details --offline", want: []string{"impossible-secret", "has 41 characters and ends in %", "credentials:3"}},
	{home: "secret-short", args: "audit --details --offline", want: []string{"impossible-secret", "has 39 characters"}},
	{home: "swapped", args: "audit --details --offline", want: []string{"swapped-pair", "swap the two values"}, not: []string{"not-an-access-key", "endpoint_url"}},
	{home: "misspelt-name", args: "audit --details --offline", want: []string{"misspelt-setting", "did you mean aws_access_key_id?", "credentials:2"}, not: []string{"secret-without-id", "delete the line"}},
	{home: "glued-header", args: "audit --details --offline", want: []string{"credentials:5", "a header at the end of another line", "put the header on a line of its own", "2 keys", "AKIAZAVB57H55CASEONE", "AKIAZAVB57H55CASETWO"}, not: []string{"delete one of the two"}},
	{home: "glued-header", args: "audit --details --offline", not: []string{"impossible-secret"}},
	{home: "hidden-header", args: "audit --details --offline", want: []string{"file-rejected", "invisible characters before the [ of a header", "credentials:4", "delete them, or retype the header"}, not: []string{"or delete it", "stray-key"}},
	{home: "camel-names", args: "audit --details --offline", want: []string{"did you mean aws_access_key_id?", "credentials:2"}, not: []string{"stray-key", "delete"}},
	{home: "brackets-in-name", args: "audit --details --offline", want: []string{`"Company-Name-[production]/Role"`}, not: []string{"text after the ]"}},
	{home: "brackets-in-name", args: "rotate Company-Name-[production", code: 3, want: []string{`no such profile`}, not: []string{`did you mean "Company-Name-[production"`}},
	{home: "apostrophe-name", args: "audit --details --offline", code: 1, want: []string{"the AWS CLI drops the whole section", "choose a name without it"}, not: []string{"drop the quotes"}},
	{home: "saml2aws-both-tokens", args: "audit --details --offline", want: []string{"delete the line"}, not: []string{"write aws_session_token"}},
	{home: "empty-tokens", args: "audit --details --offline", want: []string{"delete the line"}, not: []string{"write aws_session_token"}},
	{home: "leftover-token", args: "rotate --yes", code: 3, want: []string{"there is a session token beside the long-term key", "Delete line 4"}, not: []string{"expires by itself"}},
	{home: "expiry-in-file", args: "audit --details --offline", want: []string{"expired 2018-11-16 09:00 UTC (x_security_token_expires)"}, not: []string{"does not say when"}},
	{home: "source-profile-no-role", args: "audit --details --offline", code: 1, want: []string{"readers-disagree", "source_profile without role_arn", "config:3"}},
	{home: "loop", args: "rotate a", code: 3, want: []string{"its source profiles name each other", "no key at the end"}, not: []string{"rotate that one"}},
	{home: "loop", args: "audit --details --offline", want: []string{"role-without-key", "config:3"}},
	{home: "dangling", args: "rotate orphan", code: 3, want: []string{`there is no profile "nosuch"`}, not: []string{"rotate that one"}},
	{home: "dangling", args: "audit --details --offline", want: []string{"role-without-key", `there is no profile "nosuch"`}},
	{home: "config-dev-null", env: []string{"AWS_CONFIG_FILE=" + os.DevNull}, args: "audit --details --offline", want: []string{"1 profile, 1 key"}, not: []string{"chmod"}},
	{home: "config-dev-null", env: []string{"AWS_CONFIG_FILE=" + os.DevNull}, args: "fix --dry-run", want: []string{"nothing to fix"}},
	{home: "config-dev-null", env: []string{"AWS_CONFIG_FILE=" + os.DevNull, deadEnd, "AWS_REGION=US_EAST_1"}, args: "audit --details", code: 3, want: []string{"AWS_REGION is no region"}, not: []string{"no answer from AWS"}},
	{home: "config-dev-null", env: []string{"AWS_CONFIG_FILE=" + os.DevNull, deadEnd, "AWS_RETRY_MODE=legacy"}, args: "rotate --dry-run", code: 3, want: []string{"AWS cannot be reached"}, not: []string{"rejects the settings"}},
	{home: "config-dev-null", env: []string{"AWS_CONFIG_FILE=" + os.DevNull, deadEnd, "AWS_CA_BUNDLE=/nowhere/ca.pem"}, args: "audit --details", code: 3, want: []string{"AWS_CA_BUNDLE names no file with certificates"}},
	{home: "config-dev-null", env: []string{"AWS_CONFIG_FILE=" + os.DevNull, "AWS_ENDPOINT_URL=localhost:4566"}, args: "rotate --dry-run", code: 3, want: []string{"AWS_ENDPOINT_URL is no address"}},
	{home: "blank-variable", env: []string{"AWS_SHARED_CREDENTIALS_FILE=", "AWS_CONFIG_FILE=~/stack/cfg"}, args: "audit --details --offline", want: []string{"doubtful-path", "AWS_SHARED_CREDENTIALS_FILE is set but empty"}},
	{home: "blank-variable", env: []string{"AWS_SHARED_CREDENTIALS_FILE=", "AWS_CONFIG_FILE=~/stack/cfg"}, args: "rotate --dry-run", code: 3, want: []string{"AWS_SHARED_CREDENTIALS_FILE is set but empty"}},
	{home: "blank-variable", env: []string{"AWS_SHARED_CREDENTIALS_FILE=~/nowhere/creds"}, args: "audit --details --offline", want: []string{"doubtful-path", "AWS_SHARED_CREDENTIALS_FILE names a file that does not exist", "nowhere/creds"}},
	{home: "blank-variable", env: []string{`AWS_SHARED_CREDENTIALS_FILE="/somewhere/creds"`}, args: "audit --details --offline", want: []string{"the quotes in it are part of its name"}},
	{home: "blank-variable", env: []string{"AWS_CONFIG_FILE=file:///somewhere/config"}, args: "audit --details --offline", want: []string{"it takes a path, not a URL"}},
	{home: "one-file-for-both", prepare: linkConfig, args: "audit --details --offline", want: []string{"2 profiles, 1 key"}, not: []string{"key-in-config", "write [x] here", "shared-key"}},
	{home: "folder-in-place", prepare: makeFolder("credentials"), args: "audit --details --offline", code: 3, want: []string{"is a folder"}, not: []string{"chmod 600", "file-mode"}},
	{home: "config-folder", prepare: makeFolder("config"), args: "audit --details --offline", code: 3, want: []string{"is a folder"}, not: []string{"chmod 600", "file-mode"}},
	{home: "legacy-variable", env: []string{"AWS_CREDENTIAL_FILE=~/old/keys"}, args: "audit --details --offline", want: []string{"legacy-file", "keys holds a key"}},
	{home: "boto-config", env: []string{"BOTO_CONFIG=~/b.cfg"}, args: "audit --details --offline", want: []string{"legacy-file", "b.cfg holds a key"}},
	{home: "no-header", args: "fix --dry-run", want: []string{"1 finding needs a manual fix"}, not: []string{"# "}},
	{home: "no-header", args: "audit --details --offline", want: []string{"write a header such as [default] above it"}, not: []string{"keycare fix"}},
	{home: "prompts-pasted", args: "fix --dry-run", want: []string{"nothing to fix"}},
	{home: "prompts-pasted", args: "audit --details --offline", want: []string{`the prompts of "aws configure" pasted into it`}, not: []string{"stray-key", "a : between"}},
	{home: "plural", args: "audit --details --offline", want: []string{`profiles "minio" and "minio2" have a key ID`}, not: []string{"shared-key", "keycare does"}},
	{home: "region-name", env: []string{deadEnd}, args: "audit --details", code: 3, want: []string{"config:2", "US_EAST_1 is not a region; did you mean us-east-1?", "fix the region first"}},
	{home: "zone-for-region", env: []string{deadEnd}, args: "audit --details", code: 3, want: []string{"us-east-1a is a zone, not a region; did you mean us-east-1?"}},
	{home: "panic-indented-twice", args: "rotate --dry-run", code: 3, want: []string{"more than one line aws_access_key_id", "credentials:2"}, not: []string{"panic:", "goroutine"}},
	{home: "cr-in-comment", args: "rotate prod --dry-run", code: 3, want: []string{"a carriage return ends the comment here", "credentials:5"}},
	{home: "cr-in-comment", args: "audit --details --offline", code: 1, want: []string{"a carriage return"}, not: []string{"stray-key"}},
	{home: "fix-moves-sdk", args: "fix --dry-run", want: []string{"then tools built on the Go SDK switch", "for: dev"}},
	{home: "fix-moves-sdk", args: "fix --yes", want: []string{"--yes does not agree to that", "0 fixed, 1 skipped"}},
	{home: "nbsp-indent", args: "audit --details --offline", want: []string{"1 key", "key AKIAZAVB57H55F3T4OLD of profile \"default\" works", "an unusual space"}, not: []string{"stray-key", "delete it from AWS too"}},
	{home: "nbsp-indent", args: "fix --yes", want: []string{"1 fixed"}},
	{home: "smart-quotes", args: "audit --details --offline", want: []string{"22 characters, because something stands around the ID", "write the ID alone"}},
	{home: "two-equals", args: "audit --details --offline", want: []string{"something stands around the ID", "write the ID alone"}, not: []string{"without spaces"}},
	{home: "hidden-in-name", args: "audit --details --offline", want: []string{"aws_access_key_id with invisible characters in its name", "credentials:2", "credentials:3"}, not: []string{"did you mean"}},
	{home: "bom-between", args: "audit --details --offline", want: []string{"invisible characters before the [ of a header", "credentials:4", "retype the header"}, not: []string{"delete one of the two", "put # before it"}},
	{home: "bom-between", args: "fix --yes", want: []string{"nothing to fix"}},
	{home: "shell-lines", args: "audit --details --offline", code: 1, want: []string{"a line of a shell script", "credentials:2", "credentials:6", `write "aws_secret_access_key = "`}, not: []string{"stray-key", "delete the lines"}},
	{home: "no-equals", args: "audit --details --offline", want: []string{"a key's setting without the = behind its name", "write = behind the name"}, not: []string{"stray-key", "put # before it", "keycare fix"}},
	{home: "no-equals", args: "fix --yes", want: []string{"nothing to fix"}},
	{home: "small-letters", args: "audit --details --offline", want: []string{"small letters among them", "write the ID in capitals"}},
	{home: "digits-for-letters", args: "audit --details --offline", want: []string{"among them 0, 1, 8 or 9, which no ID has"}},
	{home: "one-line", args: "audit --details --offline", want: []string{"the secret's line follows the ID", "put what follows the ID on a line of its own"}, not: []string{"delete", "without its secret"}},
	{home: "placeholder", args: "audit --details --offline", want: []string{"a placeholder for one"}},
	{home: "encrypted", args: "audit --details --offline", code: 3, want: []string{"is encrypted with Ansible Vault"}, not: []string{"[default]", "keycare fix"}},
	{home: "encrypted", args: "fix --yes", code: 3, want: []string{"is encrypted with Ansible Vault"}},
	{home: "plural", prepare: lostFolder, args: "audit --details --offline", code: 3, want: []string{".aws is a link to a folder that does not exist"}, not: []string{"nothing to audit"}},
	{home: "plural", prepare: fileForFolder, args: "audit --details --offline", code: 3, want: []string{".aws is a file, not a folder"}},
	{home: "retry-mode-legacy", args: "audit --details --offline", code: 1, want: []string{"readers-disagree", "retry_mode is not standard or adaptive", "config:3"}},
}

func linkConfig(t *testing.T, home string) {
	if !canLink() {
		t.Skip("no links")
	}
	if err := os.Symlink("credentials", filepath.Join(home, ".aws", "config")); err != nil {
		t.Fatal(err)
	}
}

func lostFolder(t *testing.T, home string) {
	if !canLink() {
		t.Skip("no links")
	}
	aws := filepath.Join(home, ".aws")
	if err := errors.Join(os.RemoveAll(aws), os.Symlink(filepath.Join(home, "drive", ".aws"), aws)); err != nil {
		t.Fatal(err)
	}
}

func fileForFolder(t *testing.T, home string) {
	aws := filepath.Join(home, ".aws")
	if err := errors.Join(os.RemoveAll(aws), os.WriteFile(aws, []byte("[default]\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func makeFolder(name string) func(t *testing.T, home string) {
	return func(t *testing.T, home string) {
		if err := os.Mkdir(filepath.Join(home, ".aws", name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// caseHome is a copy of a case's home, with the modes that "aws configure" gives.
func caseHome(t *testing.T, name string) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	if err := os.CopyFS(home, os.DirFS(filepath.Join("..", "testdata", "cases", name))); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		mode := os.FileMode(0o600)
		if d != nil && d.IsDir() {
			mode = 0o700
		}
		return errors.Join(err, chmod(path, mode))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	return home
}

func TestCases(t *testing.T) {
	program, tried := lookKeycare(t), map[string]bool{}
	for _, c := range homeCases {
		tried[c.home] = true
		t.Run(c.home+" "+c.args, func(t *testing.T) {
			t.Parallel()
			home := caseHome(t, c.home)
			if c.prepare != nil {
				c.prepare(t, home)
			}
			vars := environment(home, "http://127.0.0.1:9")
			for _, v := range c.env {
				vars = append(vars, strings.Replace(v, "=~", "="+home, 1))
			}
			var text string
			var code int
			if strings.HasPrefix(c.args, "fix") || strings.HasSuffix(c.args, "--offline") {
				m := hereWith(vars)
				code = m.run(t.Context(), strings.Fields(c.args)...)
				text = m.both.String()
			} else { // the SDK looks at the variables of the process
				cmd := exec.Command(program, strings.Fields(c.args)...)
				cmd.Env = vars
				out, _ := cmd.CombinedOutput()
				text, code = string(out), cmd.ProcessState.ExitCode()
			}
			flat := strings.Join(strings.Fields(text), " ")
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.want {
				if !strings.Contains(flat, want) {
					t.Errorf("does not say %q", want)
				}
			}
			for _, not := range append(c.not, "case+one/case", "case+two/case", "s3cret/old") {
				if strings.Contains(flat, not) {
					t.Errorf("says %q", not)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
	entries, err := os.ReadDir(filepath.Join("..", "testdata", "cases"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !tried[e.Name()] {
			t.Errorf("no test uses testdata/cases/%s", e.Name())
		}
	}
}
