package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"keycare/credfile/show"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

var errSignal = errors.New("interrupt signal received")

const rotateWork = "rotate work --yes"

// The ways in which a rotation stops or is refused, as a person sees them at 2
// a.m.: what the file holds, what went wrong, and the command that goes on.
func TestScreensRotate(t *testing.T) {
	screens(t, map[string]func(n *night){
		"stop-not-a-terminal": func(n *night) { run(n, 3, "rotate work") },
		"stop-declined": func(n *night) {
			n.types("n\n")
			run(n, 3, "rotate work --grace 24h")
		},
		"stop-second-key": func(n *night) {
			second := n.iam.AddKey("ann", n.now.AddDate(0, 0, -200))
			n.iam.SetLastUsed(second.ID, n.now.Add(-30*time.Hour), "s3", "eu-west-1")
			run(n, 3, rotateWork)
		},
		"stop-second-key-young": func(n *night) {
			n.iam.AddKey("ann", n.now.Add(-10*time.Minute))
			run(n, 3, rotateWork)
		},
		"stop-create-denied": func(n *night) {
			n.iam.Deny("ann", "iam:CreateAccessKey")
			run(n, 3, rotateWork)
			run(n, 3, rotateWork+" --debug")
		},
		"stop-key-rejected": func(n *night) {
			n.iam.SetKeyStatus(n.old.ID, awstest.Inactive)
			run(n, 3, rotateWork)
			n.write("[work]\naws_access_key_id = " + n.old.ID + "\naws_secret_access_key = " + strings.Repeat("x", 40) + "\n")
			n.iam.SetKeyStatus(n.old.ID, awstest.Active)
			run(n, 3, rotateWork)
		},
		"stop-role": func(n *night) {
			writeFile(n.t, n.aws("config"), "[profile deploy]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nsource_profile = base\n"+
				"[profile base]\nrole_arn = arn:aws:iam::123456789012:role/base\nsource_profile = work\n"+
				"[profile box]\nrole_arn = arn:aws:iam::123456789012:role/box\ncredential_source = Ec2InstanceMetadata\n", 0o600)
			run(n, 3, "rotate deploy --yes")
			run(n, 3, "rotate box --yes")
		},
		"stop-create-lost": func(n *night) {
			n.at("CreateAccessKey", 1, awstest.Fault{Kind: awstest.FaultDropAfter})
			n.iam.Deny("ann", "cloudtrail:LookupEvents")
			run(n, 3, rotateWork)
			run(n, 0, "status")
			n.says("an hour later")
			n.passes(time.Hour)
			run(n, 3, "resume")
			run(n, 0, "status")
		},
		"stop-create-unanswered": func(n *night) {
			n.at("CreateAccessKey", 1, awstest.Fault{Kind: awstest.FaultDropBefore, After: n.cut})
			run(n, 4, rotateWork+" --timeout 1s")
		},
		"stop-never-accepted": func(n *night) {
			n.iam.SetVisible(func(v awstest.View) bool { return !v.ByAPI })
			run(n, 3, rotateWork)
		},
		"stop-interrupted-before": func(n *night) {
			n.iam.SetKeyStatus(n.iam.AddKey("ann", n.now).ID, awstest.Inactive)
			n.at("GetAccessKeyLastUsed", 1, awstest.Fault{Before: func() { n.stop(errSignal) }})
			run(n, 130, rotateWork)
		},
		"stop-interrupted-after": func(n *night) {
			n.at("CreateAccessKey", 1, awstest.Fault{After: func() { n.stop(errSignal) }})
			run(n, 4, rotateWork)
			run(n, 0, "status")
			run(n, 0, "resume work")
		},
		"stop-third-key": func(n *night) {
			other := n.iam.AddKey("ann", n.now.AddDate(0, 0, -3))
			n.iam.DeleteKey(other.ID)
			n.at("CreateAccessKey", 1, awstest.Fault{After: func() {
				n.write("[work]\naws_access_key_id = " + other.ID + "\naws_secret_access_key = " + other.Secret + "\n")
			}})
			run(n, 4, rotateWork)
		},
		"stop-switch-failed": func(n *night) {
			d := &filling{FS: n.Disk, dir: filepath.Dir(n.aws("credentials"))}
			n.Disk = d
			n.at("CreateAccessKey", 1, awstest.Fault{After: func() { d.full.Store(true) }})
			n.Terminal.Err = false // paths of any length would be wrapped
			run(n, 4, rotateWork)
		},
		"stop-retire-denied": func(n *night) {
			n.iam.Deny("ann", "iam:DeleteAccessKey", "iam:UpdateAccessKey")
			run(n, 4, rotateWork)
			n.passes(3 * time.Hour)
			run(n, 0, "status")
			run(n, 0, "resume --keep-both work")
			run(n, 0, "status")
		},
		"stop-delete-denied": func(n *night) {
			n.iam.Deny("ann", "iam:DeleteAccessKey")
			run(n, 4, rotateWork)
		},
		"stop-old-key-used": func(n *night) {
			run(n, 0, rotateWork+" --grace 24h")
			n.says("a day later; another machine has used the old key")
			n.passes(10 * time.Hour)
			n.iam.SetLastUsed(n.old.ID, n.now, "s3", "eu-west-1")
			n.passes(15 * time.Hour)
			run(n, 4, "resume")
		},
		"stop-old-copy": func(n *night) {
			run(n, 0, rotateWork+" --grace 24h")
			n.says("a backup of the file comes back")
			n.write("[work]\naws_access_key_id = " + n.old.ID + "\naws_secret_access_key = " + n.old.Secret + "\n")
			n.passes(25 * time.Hour)
			run(n, 4, "resume")
			run(n, 0, "resume --undo work")
			run(n, 0, "status")
		},
		"stop-keep-both-refused": func(n *night) {
			n.at("CreateAccessKey", 1, awstest.Fault{After: func() { n.stop(errSignal) }})
			n.quietly(4, strings.Fields(rotateWork)...)
			run(n, 4, "resume --keep-both work")
			run(n, 0, "resume --undo work")
		},
		"stop-undo-refused": func(n *night) {
			n.iam.Deny("ann", "iam:DeleteAccessKey")
			n.quietly(4, strings.Fields(rotateWork)...)
			run(n, 4, "resume --undo work")
		},
		"stop-no-network": func(n *night) {
			n.cut()
			run(n, 3, rotateWork)
			run(n, 3, "replace-root --profile work")
		},
		"stop-no-network-halfway": func(n *night) {
			n.at("CreateAccessKey", 1, awstest.Fault{After: func() {
			}})
			n.at("GetCallerIdentity", 2, awstest.Fault{Kind: awstest.FaultDropBefore, Before: n.cut})
			run(n, 4, rotateWork+" --timeout 1s")
			run(n, 4, "resume")
			run(n, 0, "status")
		},
		"stop-no-network-grace-over": func(n *night) {
			n.quietly(0, strings.Fields(rotateWork+" --grace 24h")...)
			n.passes(26 * time.Hour)
			n.cut()
			run(n, 4, "resume")
		},
		"stop-mfa-wanted": func(n *night) {
			serial := n.iam.AddMFA("ann", "phone", "123456")
			n.iam.RequireMFA("ann", true)
			run(n, 3, rotateWork)
			run(n, 3, rotateWork+" --mfa-serial "+serial)
			run(n, 3, rotateWork+" --mfa-serial "+serial+" --mfa-code 111111")
			run(n, 4, rotateWork+" --mfa-serial "+serial+" --mfa-code 123456")
		},
		"stop-resume-unknown": func(n *night) {
			run(n, 2, "resume wrok")
			run(n, 0, "resume work")
			run(n, 0, "resume")
		},
		"stop-damaged": func(n *night) {
			n.at("CreateAccessKey", 1, awstest.Fault{After: func() { n.stop(errSignal) }})
			n.quietly(4, strings.Fields(rotateWork)...)
			folder, _ := n.State()
			writeFile(n.t, folder.JournalPath(n.journal().ID), "{", 0o600)
			n.Terminal.Err = false // paths of any length would be wrapped
			run(n, 4, "status")
			run(n, 4, "resume")
		},
		"stop-damaged-forget": func(n *night) {
			n.at("CreateAccessKey", 1, awstest.Fault{Kind: awstest.FaultDropBefore, After: func() { n.stop(errSignal) }})
			n.quietly(4, strings.Fields(rotateWork)...)
			folder, _ := n.State()
			writeFile(n.t, folder.JournalPath(n.journal().ID), "{", 0o600)
			n.Terminal.Err = false
			run(n, 4, "status")
			run(n, 4, "resume")
		},
		"stop-several": func(n *night) {
			n.iam.AddUser(awstest.User{Name: "bob"})
			bob := n.iam.AddKey("bob", n.now.AddDate(0, 0, -100))
			n.iam.Deny("bob", "iam:ListAccessKeys")
			b, _ := os.ReadFile(n.aws("credentials"))
			n.write(string(b) + "[play]\naws_access_key_id = " + bob.ID + "\naws_secret_access_key = " + bob.Secret + "\n")
			run(n, 3, "rotate --all --yes")
		},
		"rotate-dry-run": func(n *night) {
			writeFile(n.t, n.aws("config"), "[profile deploy]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nsource_profile = base\n"+
				"[profile base]\nrole_arn = arn:aws:iam::123456789012:role/base\nsource_profile = work\n", 0o600)
			run(n, 0, "rotate work --dry-run --grace 24h")
		},
		"rotate-grace": func(n *night) {
			n.types("y\n")
			run(n, 0, "rotate work --grace 24h")
			run(n, 0, "status")
			n.says("an hour later")
			n.passes(time.Hour)
			run(n, 0, "resume")
			run(n, 0, "resume work")
			run(n, 3, rotateWork)
			n.says("a day later")
			n.passes(25 * time.Hour)
			run(n, 0, "status")
			run(n, 0, "resume")
			run(n, 0, "status")
		},
		"status-states": func(n *night) {
			run(n, 0, "status")
			n.at("CreateAccessKey", 1, awstest.Fault{After: func() { n.stop(errSignal) }})
			n.quietly(4, strings.Fields(rotateWork)...)
			n.passes(3 * time.Hour)
			folder, _ := n.State()
			for _, j := range []func(*state.Journal){
				func(j *state.Journal) { j.SwitchBegun = true },
				func(j *state.Journal) { j.Direction = state.Undo },
				func(j *state.Journal) { j.Direction = state.Keep },
				func(j *state.Journal) { j.Direction = state.Retire },
			} {
				now := n.journal()
				j(now)
				if err := folder.Save(now); err != nil {
					n.t.Fatal(err)
				}
				n.says(fmt.Sprintf("direction %q", now.Direction))
				run(n, 0, "status")
			}
		},
		"status-timer": func(n *night) {
			n.quietly(1, "schedule", "run", "--always")
			n.passes(2 * time.Hour)
			run(n, 0, "status")
		},
		"stop-undo-denied": func(n *night) {
			n.at("GetCallerIdentity", 3, awstest.Fault{Before: func() { n.stop(errSignal) }}) // after the switch
			n.quietly(4, strings.Fields(rotateWork)...)
			n.iam.Deny("ann", "iam:UpdateAccessKey", "iam:DeleteAccessKey")
			run(n, 0, "status")
			run(n, 4, "resume --undo work")
			run(n, 0, "status")
		},
		"replace-root": func(n *night) {
			root := n.iam.AddRootKey("", n.now.AddDate(-1, 0, 0))
			n.write("[work]\naws_access_key_id = " + root.ID + "\naws_secret_access_key = " + root.Secret + "\n")
			run(n, 3, rotateWork)
			run(n, 3, "replace-root --profile work --user dana")
			run(n, 0, "replace-root --profile work --user dana --dry-run")
			run(n, 4, "replace-root --profile work --user dana --yes")
			run(n, 0, "status")
		},
	})
}

func run(n *night, code int, line string) { n.run(code, strings.Fields(line)...) }

// screens holds what a person sees against the files of the screens, on two widths.
func screens(t *testing.T, acts map[string]func(n *night)) {
	if runtime.GOOS == "windows" {
		t.Skip("paths and command lines are written in another way")
	}
	zone := show.Zone
	show.Zone = time.FixedZone("EST", -5*60*60)
	t.Cleanup(func() { show.Zone = zone })
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			var both strings.Builder
			for _, width := range []int{80, 120} {
				n := newNight(t, width)
				act(n)
				if width == 120 {
					both.WriteString("\n# the same on a terminal of 120 columns\n")
				}
				root := filepath.Dir(n.Folders.Home)
				both.WriteString(numbered(strings.NewReplacer(n.Folders.Home, "/home/ann", root, "/home/ann/.local").Replace(n.screen.String())))
			}
			text := strings.TrimPrefix(both.String(), "$ ")
			command, rest, _ := strings.Cut(text, "\n")
			screen(t, name, command, rest)
		})
	}
}
