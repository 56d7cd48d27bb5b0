package format

import (
	"io"
	"strings"
	"time"

	"keycare/report"
)

// flatFinding is a finding as log collectors take it: an object of strings, numbers
// and truth values in one line. A field has one type in all lines.
type flatFinding struct {
	flatOrigin
	Rule        string `json:"rule"`
	Title       string `json:"title"`
	Severity    string `json:"severity"`
	Number      int    `json:"severity_number"`
	Profiles    string `json:"profiles"` // with blanks between
	KeyID       string `json:"key_id"`
	Account     string `json:"account"`
	SubjectType string `json:"subject_type"`
	SubjectID   string `json:"subject_id"`
	File        string `json:"file"`
	Line        int    `json:"line"`
	What        string `json:"what"`
	Fix         string `json:"fix"`
	Fingerprint string `json:"fingerprint"`
	State       string `json:"state"`
	FirstSeen   string `json:"first_seen"`
}

// flatOrigin is what all lines begin with.
type flatOrigin struct {
	Time        string `json:"time"`
	Kind        string `json:"kind"` // audit, finding, gone or use
	Tool        string `json:"tool"`
	ToolVersion string `json:"tool_version"`
	Host        string `json:"host"`
	HostID      string `json:"host_id"`
	User        string `json:"user"`
	Run         string `json:"run"`
}

// flatUse is who uses a key, as a deep audit knows it: what is most frequent, with
// "; " between.
type flatUse struct {
	flatOrigin
	KeyID     string `json:"key_id"`
	Account   string `json:"account"`
	UserARN   string `json:"user_arn"`
	Profiles  string `json:"profiles"`
	Calls     int    `json:"calls"`
	Refused   int    `json:"calls_refused"`
	Since     string `json:"calls_since"`
	Last      string `json:"calls_last"`
	Addresses int    `json:"address_count"`
	Networks  int    `json:"network_count"`
	From      string `json:"used_from"`
	Programs  string `json:"programs"`
	Regions   string `json:"regions"`
	Services  string `json:"services"`
	Unread    string `json:"regions_not_known"`
}

func flatUseOf(r *report.Report, k *report.Key) flatUse {
	c := k.Calls
	return flatUse{flatOriginOf(r, "use"), k.ID, k.Account, k.UserARN, strings.Join(k.Profiles, " "), c.Calls, c.Refused, stamp(c.Since), stamp(c.Last), c.Addresses, c.Networks,
		namesOf(c.From), namesOf(c.Programs), namesOf(c.Regions), namesOf(c.Services), strings.Join(c.Unread, "; ")}
}

func namesOf(all []report.KeySeen) string {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return strings.Join(names, "; ")
}

// flatAudit is the line of the audit itself, so that a machine that is well can be
// told from one that is silent.
type flatAudit struct {
	flatOrigin
	numbers
	Message string `json:"message"`
}

func flatOriginOf(r *report.Report, kind string) flatOrigin {
	return flatOrigin{stamp(r.Time), kind, r.Tool.Name, r.Tool.Version, r.Host.Name, r.Host.ID, r.User.Name, r.Run}
}

// writeJSONLines writes a line for the audit, for each finding, for each that is
// gone, and for each key of which it is known who uses it.
func writeJSONLines(w io.Writer, rs []*report.Report, _ Options) error {
	for _, r := range rs {
		if err := encodeJSON(w, flatAudit{flatOriginOf(r, "audit"), numbersOf(r), Summary(r)}, ""); err != nil {
			return err
		}
		for i := range r.Findings {
			if err := encodeJSON(w, flatFindingOf(r, &r.Findings[i], "finding"), ""); err != nil {
				return err
			}
		}
		for _, f := range gone(r) {
			if err := encodeJSON(w, flatFindingOf(r, &f, "gone"), ""); err != nil {
				return err
			}
		}
		for i := range r.Inventory {
			if r.Inventory[i].Calls == nil {
				continue
			}
			if err := encodeJSON(w, flatUseOf(r, &r.Inventory[i]), ""); err != nil {
				return err
			}
		}
	}
	return nil
}

func flatFindingOf(r *report.Report, f *report.Finding, kind string) flatFinding {
	return flatFinding{flatOriginOf(r, kind), f.Rule, f.Title, f.Severity.String(), severityNumber(f.Severity), strings.Join(f.Profiles, " "), f.KeyID, f.Account,
		string(f.Subject.Type), f.Subject.ID, f.File, f.Line, f.What, f.Repair.String(), f.Fingerprint, string(f.State), stamp(f.FirstSeen)}
}

// stateGone is the state of a finding that only the audit before has.
const stateGone report.State = "gone"

// gone are the findings that only the audit before has, as far as they are known.
func gone(r *report.Report) (all []report.Finding) {
	if r.Changes == nil {
		return nil
	}
	for _, g := range r.Changes.Gone {
		all = append(all, report.Finding{Rule: g.Rule, Severity: g.Severity, Title: g.Title, Profiles: g.Profiles, KeyID: g.KeyID, Account: g.Account,
			File: g.File, What: g.What, Fingerprint: g.Fingerprint, FirstSeen: g.FirstSeen, State: stateGone})
	}
	return all
}

// stamp is a time for programs; empty for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
