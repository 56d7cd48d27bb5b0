package format

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"keycare/credfile/show"
	"keycare/report"
)

// asffFinding is a finding in the format of AWS Security Hub.
type asffFinding struct {
	SchemaVersion         string
	Id                    string
	ProductArn            string
	GeneratorId           string
	AwsAccountId          string
	Types                 []string
	CreatedAt, UpdatedAt  string
	Severity              asffSeverity
	FindingProviderFields asffProvider
	Title, Description    string
	Remediation           *asffRemediation `json:",omitempty"`
	ProductFields         map[string]string
	Resources             []asffResource
	Compliance            asffCompliance
	Workflow              *asffWorkflow `json:",omitempty"`
	RecordState           string
}

type asffSeverity struct{ Label string }

type asffProvider struct {
	Severity asffSeverity
	Types    []string
}

type asffRemediation struct{ Recommendation asffText }

type asffText struct{ Text string }

type asffResource struct {
	Type, Id, Partition, Region string
	Details                     *asffDetails `json:",omitempty"`
}

type asffDetails struct {
	AwsIamAccessKey *asffKey          `json:",omitempty"`
	Other           map[string]string `json:",omitempty"`
}

type asffKey struct {
	AccessKeyId, AccountId string
	Status                 string `json:",omitempty"`
	UserName               string `json:",omitempty"`
}

type asffCompliance struct {
	Status              string
	RelatedRequirements []string `json:",omitempty"`
}

type asffWorkflow struct{ Status string }

// Limits of the format, in characters and entries.
const (
	asffTitle, asffDescription, asffAdvice = 256, 1024, 512
	asffRequirements, asffRequirement      = 32, 64
	asffName, asffUser                     = 200, 64
)

// hostOf is what tells a machine from others.
func hostOf(r *report.Report) string {
	return clipped(cmp.Or(r.Host.ID, r.Host.Name, "host"), asffName)
}

// uidOf tells findings of two users of a machine apart: of a profile "default" each
// may have one.
func uidOf(r *report.Report) string {
	return clipped(cmp.Or(r.User.UID, r.User.Name, "user"), asffName)
}

// writeASFF writes the list that batch-import-findings of the AWS CLI takes, which
// wants it in calls of at most a hundred, each by the account of its findings.
// Findings without an account have no place there.
func writeASFF(w io.Writer, rs []*report.Report, o Options) error {
	all := []asffFinding{}
	for _, r := range rs {
		found := append([]report.Finding{}, r.Findings...)
		for _, a := range r.Accepted {
			found = append(found, a.Finding)
		}
		for _, f := range append(found, gone(r)...) {
			if f.Account != "" {
				all = append(all, asffOf(r, &f, cmp.Or(o.Region, "us-east-1")))
			}
		}
	}
	return encodeJSON(w, all, "  ")
}

func asffOf(r *report.Report, f *report.Finding, region string) asffFinding {
	severity := asffSeverity{strings.ToUpper(f.Severity.String())}
	if f.Severity == report.Info {
		severity.Label = "INFORMATIONAL"
	}
	types := []string{"Software and Configuration Checks/AWS Security Best Practices"}
	a := asffFinding{
		SchemaVersion: "2018-10-08", Id: "keycare/" + hostOf(r) + "/" + uidOf(r) + "/" + f.Fingerprint,
		ProductArn:  fmt.Sprintf("arn:%s:securityhub:%s:%s:product/%s/default", partition(region), region, f.Account, f.Account),
		GeneratorId: "keycare/" + f.Rule, AwsAccountId: f.Account, Types: types,
		CreatedAt: stamp(f.FirstSeen), UpdatedAt: stamp(r.Time), Severity: severity, FindingProviderFields: asffProvider{severity, types},
		Title: clipped(f.Title, asffTitle), Description: clipped(f.What, asffDescription),
		ProductFields: map[string]string{"keycare/version": cmp.Or(r.Tool.Version, "unknown"), "keycare/state": string(f.State)},
		Resources:     asffResources(r, f, region), Compliance: asffCompliance{"FAILED", []string{}},
		RecordState: "ACTIVE",
	}
	for _, source := range f.Sources[:min(len(f.Sources), asffRequirements)] {
		a.Compliance.RelatedRequirements = append(a.Compliance.RelatedRequirements, clipped(source, asffRequirement))
	}
	if fix := f.Repair.String(); fix != "" {
		a.Remediation = &asffRemediation{asffText{clipped(fix, asffAdvice)}}
	}
	switch f.State {
	case report.StateAccepted:
		a.Workflow = &asffWorkflow{"SUPPRESSED"}
	case stateGone:
		a.RecordState, a.Compliance.Status = "ARCHIVED", "PASSED"
	}
	return a
}

func asffResources(r *report.Report, f *report.Finding, region string) []asffResource {
	place := map[string]string{}
	for name, value := range map[string]string{"host": r.Host.Name, "user": r.User.Name, "file": f.File, "profiles": strings.Join(f.Profiles, " ")} {
		if value != "" {
			place[name] = clipped(show.Flow(value), asffDescription)
		}
	}
	if f.Line > 0 {
		place["line"] = strconv.Itoa(f.Line)
	}
	about := asffResource{Type: "AwsAccount", Id: "AWS::::Account:" + f.Account, Partition: partition(region), Region: region}
	if f.KeyID != "" {
		about.Type, about.Id, about.Details = "AwsIamAccessKey", f.KeyID, &asffDetails{AwsIamAccessKey: asffKeyOf(r, f)}
	}
	other := asffResource{Type: "Other", Id: hostOf(r), Partition: about.Partition, Region: region, Details: &asffDetails{Other: place}}
	return []asffResource{about, other}
}

func asffKeyOf(r *report.Report, f *report.Finding) *asffKey {
	key := &asffKey{AccessKeyId: f.KeyID, AccountId: f.Account}
	for _, k := range r.Inventory {
		if k.ID != f.KeyID {
			continue
		}
		switch k.Status {
		case report.KeyActive:
			key.Status = "Active"
		case report.KeyInactive:
			key.Status = "Inactive"
		}
		if _, name, ok := strings.Cut(k.UserARN, ":user/"); ok {
			key.UserName = clipped(name[strings.LastIndexByte(name, '/')+1:], asffUser)
		}
	}
	return key
}

// partition is the part of AWS that a region belongs to.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// clipped is a text of at most so many characters.
func clipped(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
