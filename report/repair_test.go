package report

import (
	"strings"
	"testing"
)

// Where the AWS CLI rejects the file, none of its commands mends anything.
func TestNoCommandOfBrokenCLI(t *testing.T) {
	broken := "[a]\naws_secret_access_key = " + secretA + "\n[b]\na lone line\n"
	fs := of(Audit(input(broken, "")), "secret-without-id")
	if len(fs) != 1 || fs[0].Repair.String() != "fix file-rejected first; then delete the line, or complete the key" {
		t.Errorf("got %+v", fs)
	}
	r := Audit(input(broken+section("c", keyA, secretA), "[default]\ncli_history = enabled\n", used(60)))
	for rule, want := range map[string]string{
		"cli-history": "fix file-rejected first; then: aws configure", "unused-key": "fix file-rejected first; then if nothing needs it, deactivate it",
	} {
		if fs := of(r, rule); len(fs) != 1 || !strings.HasPrefix(fs[0].Repair.String(), strings.Replace(want, "; then: ", ", then: ", 1)) {
			t.Errorf("%s: got %+v", rule, fs)
		}
	}
}

func TestHostileNames(t *testing.T) {
	const name = "a\x1b[2J\u202e'; rm -rf ~"
	r := Audit(input(section(name, keyA, secretA), "", online(aged(100))))
	if fs := of(r, "old-key"); len(fs) != 1 || !strings.HasPrefix(fs[0].Repair.String(), "rename it") {
		t.Errorf("got %+v", fs)
	}
}
