package report

import (
	"fmt"
	"keycare/credfile/show"
	"strings"
)

var (
	ruleCLIHistory = &Rule{
		ID: "cli-history", About: AboutProfile, Severity: Medium, Because: "new secrets end up in a second place that nobody looks after",
		Title:   "AWS CLI records its calls",
		Why:     "with cli_history the AWS CLI keeps whole responses, so the secrets of keys it creates stay in its history database",
		Sources: []string{"AWS CLI history command"},
		Repair:  Repair{Command: "aws configure set cli_history disabled --profile {profile}"},
	}
	ruleCLIHistoryFile = &Rule{
		ID: "cli-history-file", About: AboutFile, Severity: Low, Because: "it may hold secrets of earlier calls",
		Title:   "History database of the AWS CLI",
		Why:     "it may contain secrets of keys created with the AWS CLI",
		Sources: []string{"AWS CLI history command"},
		Repair:  Repair{Command: "rm {file}"},
	}
)

// historyRules are about the AWS CLI's record of its calls.
var historyRules = []*Rule{ruleCLIHistory, ruleCLIHistoryFile}

// lookAtHistory judges the AWS CLI's record of its calls. One enabled profile is
// a finding for each profile, since each has its own line to mend.
func lookAtHistory(a *auditor) {
	enabled := false
	for _, s := range a.inventory.profiles {
		if s.ways&hasHistory == 0 || !strings.EqualFold(a.set.Setting(s.name, "cli_history"), "enabled") {
			continue
		}
		enabled = true
		if s.selected {
			a.add(ruleCLIHistory, a.atHeader(Finding{Profiles: []string{s.name},
				What: fmt.Sprintf("profile %s has cli_history = enabled", show.Name(s.name))}, s), s.name)
		}
	}
	h := a.in.AWSFiles.History
	if h.Exists && !enabled {
		a.add(ruleCLIHistoryFile, Finding{File: h.Path, What: "the AWS CLI recorded calls here while cli_history was enabled"}, h.Path)
	}
}
