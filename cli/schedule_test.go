package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keycare/rotate/awstest"
)

// A real timer of a real user manager, and then a real cron daemon, start what
// "keycare schedule install" put there: it audits, and rotates the one key that
// is in its care, in a credentials file that is a link to somewhere else in the
// home.
func TestTimerFires(t *testing.T) {
	if os.Getenv("KEYCARE_TIMERS") == "" {
		t.Skip("SKIPPED: takes a minute and needs root; .ci/timers runs it, with KEYCARE_TIMERS=1")
	}
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: name spaces of its own need root")
	}
	for _, p := range []string{"unshare", "setpriv", "dbus-run-session", "systemctl", "cron", "crontab"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("SKIPPED: %s is not on this machine", p)
		}
	}
	work := t.TempDir()
	if err := os.Chmod(filepath.Dir(work), 0o755); err != nil {
		t.Fatal(err)
	}
	bin, err := os.ReadFile(lookKeycare(t))
	if err != nil {
		t.Fatal(err)
	}
	iam := awstest.New(t, awstest.Options{AnyRegion: true})
	iam.AddUser(awstest.User{Name: "dana"})
	iam.AddUser(awstest.User{Name: "ann"})
	old := iam.AddKey("dana", time.Now().AddDate(0, 0, -400))
	left := iam.AddKey("ann", time.Now().AddDate(0, 0, -400))
	files := map[string]string{
		"bin/keycare": string(bin),
		"home/dotfiles/aws": fmt.Sprintf("[work]\naws_access_key_id = %s\naws_secret_access_key = %s\n[other]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
			old.ID, old.Secret, left.ID, left.Secret),
		"script": `set -eu
WORK=$1
export AWS_ENDPOINT_URL=` + iam.URL() + `
PATH=$WORK/bin:$PATH
json=$HOME/.local/state/keycare/schedule.json
audited() { for _ in $(seq 900); do grep -q '"audited"' "$json" 2>/dev/null && return; sleep 0.1; done; cat "$json"; journalctl --user; return 1; }

mkdir -m 700 ~/.aws && ln -s ../dotfiles/aws ~/.aws/credentials
keycare schedule install --rotate work
units=~/.config/systemd/user
# Two days ago it ran last: what was missed is made up for at once.
mkdir $units/keycare.timer.d
printf '[Timer]\nRandomizedDelaySec=0\n' >$units/keycare.timer.d/now.conf
systemctl --user stop keycare.timer
touch -d '2 days ago' ~/.local/share/systemd/timers/stamp-keycare.timer
systemctl --user daemon-reload
systemctl --user start keycare.timer
audited
for _ in $(seq 100); do [ "$(systemctl --user is-active keycare.service)" = activating ] || break; sleep 0.1; done
systemctl --user show keycare.service -p Result >$WORK/home/result
keycare schedule status --format json >$WORK/home/systemd.json
cp ~/dotfiles/aws $WORK/home/after
keycare schedule remove
rm -r $units/keycare.timer.d
[ -z "$(ls -A $units)" ]
[ -h ~/.aws/credentials ]

rm "$json"
printf 'MAILTO=""\n# mine\n' >tab
crontab - <tab
keycare schedule install --kind cron
crontab -l | sed 's/^[0-9]* \*\/4 /* * /' | crontab -
audited
crontab -l | sed 's/^\* \* /1 *\/4 /' | crontab -
keycare schedule status --format json >$WORK/home/cron.json
keycare schedule remove
crontab -l | cmp - tab
crontab -r
`}
	for name, text := range files {
		path := filepath.Join(work, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("../rotate/schedule/testdata/sandbox.sh", work, "sh", filepath.Join(work, "script"), work).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	read := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(work, "home", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := read("result"); got != "Result=success\n" {
		t.Errorf("the unit: %s", got)
	}
	after := read("after")
	if strings.Contains(after, old.Secret) || !strings.Contains(after, left.Secret) {
		t.Errorf("not the key of work alone was rotated; the timer did: %s", read("systemd.json"))
	}
	for _, kind := range []string{"systemd", "cron"} {
		var status struct {
			Timers []struct {
				Kind    string
				Active  bool
				Command []string
			}
			Last struct {
				Audited time.Time
				Summary string
			} `json:"last_run"`
			Warnings []string
		}
		if err := json.Unmarshal([]byte(read(kind+".json")), &status); err != nil {
			t.Fatal(err)
		}
		if len(status.Timers) != 1 || status.Timers[0].Kind != kind || !status.Timers[0].Active || len(status.Warnings) > 0 {
			t.Errorf("%+v", status)
		}
		if got := status.Timers[0].Command[0]; got != filepath.Join(work, "bin/keycare") {
			t.Errorf("%s starts %s", kind, got)
		}
		if time.Since(status.Last.Audited) > time.Hour || status.Last.Summary == "" {
			t.Errorf("%s: the audit was at %s: %q", kind, status.Last.Audited, status.Last.Summary)
		}
		t.Logf("%s: %s", kind, status.Last.Summary)
	}
	for _, secret := range iam.Secrets() {
		if strings.Contains(string(out)+read("systemd.json")+read("cron.json"), secret) {
			t.Error("a secret was printed")
		}
	}
}
