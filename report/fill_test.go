package report

import "testing"

// The commands of sh have others on Windows, in words that cmd and PowerShell both
// know.
func TestFilledOnWindows(t *testing.T) {
	for _, c := range []struct{ command, file, profile, text, want string }{
		{"rm {file}", `C:\a b`, "p", "", `del "C:\a b"`},
		{ownFile, `C:\a b`, "p", `copy "C:\a b" "C:\a b.new", then del "C:\a b"`, `move "C:\a b.new" "C:\a b"`},
		{"keycare rotate {arg}", "", "-a b", "", `keycare rotate -- "-a b"`},
		{"keycare rotate {arg}", "", "a$b", "", `keycare rotate 'a$b'  # in cmd: keycare rotate "a$b"`},
		{"keycare rotate {arg}", "", `a"b`, renameFirst.Text, renameFirst.Command},
		{"aws x --profile {profile}", "", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab", renameFirst.Text, renameFirst.Command},
	} {
		r := Repair{Command: c.command}.filled(&Finding{File: c.file, Profiles: []string{c.profile}}, "windows")
		if r.Text != c.text || r.Command != c.want {
			t.Errorf("%s, %q, %q: %+v", c.command, c.file, c.profile, r)
		}
	}
}

func TestEnvironmentOnWindows(t *testing.T) {
	in := input("", "", func(in *Input) {
		in.AWSFiles.GOOS, in.AWSFiles.EnvKeys = "windows", []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
	})
	const want = "Remove-Item Env:AWS_ACCESS_KEY_ID, Env:AWS_SECRET_ACCESS_KEY  # in cmd: set AWS_ACCESS_KEY_ID=& set AWS_SECRET_ACCESS_KEY="
	for _, f := range Audit(in).Findings {
		if f.Rule == ruleEnvironmentKey.ID && f.Repair.Command == want {
			return
		}
	}
	t.Errorf("nothing says %s", want)
}
