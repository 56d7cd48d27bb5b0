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
