package format

import (
	"cmp"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"keycare/credfile/show"
	"keycare/report"
)

// The Static Analysis Results Interchange Format, as far as keycare writes it.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool           `json:"tool"`
		Automation  sarifID             `json:"automationDetails"`
		Invocations []sarifCall         `json:"invocations"`
		Bases       map[string]sarifURI `json:"originalUriBaseIds,omitempty"`
		ColumnKind  string              `json:"columnKind"`
		Results     []sarifResult       `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifID struct {
		ID string `json:"id"`
	}
	sarifRule struct {
		ID            string          `json:"id"`
		Name          string          `json:"name"`
		Short         sarifText       `json:"shortDescription"`
		Full          sarifText       `json:"fullDescription"`
		Help          sarifText       `json:"help"`
		Configuration sarifLevel      `json:"defaultConfiguration"`
		Properties    sarifProperties `json:"properties"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifProperties struct {
		Severity  string   `json:"security-severity"`
		Tags      []string `json:"tags"`
		Precision string   `json:"precision"`
	}
	sarifCall struct {
		Successful bool   `json:"executionSuccessful"`
		End        string `json:"endTimeUtc"`
	}
	sarifURI struct {
		URI string `json:"uri"`
	}
	sarifResult struct {
		Rule         string             `json:"ruleId"`
		Index        int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Locations    []sarifLocation    `json:"locations"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		Line int `json:"startLine"`
	}
	sarifLogical struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
)

// sarifSeverities are the levels of SARIF, and GitHub's scale of severities.
var sarifSeverities = map[report.Severity]struct{ level, number string }{
	report.Critical: {"error", "9.5"}, report.High: {"error", "8.0"}, report.Medium: {"warning", "5.0"}, report.Low: {"note", "2.0"}, report.Info: {"note", "0.0"},
}

// sarifHome is the name by which paths below the home folder are given.
const sarifHome = "HOME"

// writeSARIF writes a run for each report, for tools that show the results of
// analyses, GitHub's code scanning for one.
func writeSARIF(w io.Writer, rs []*report.Report, o Options) error {
	log := sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", make([]sarifRun, len(rs))}
	for i, r := range rs {
		id := "keycare/audit/"
		if len(rs) > 1 { // runs of one file need different ones
			id += hostOf(r) + "/" + uidOf(r) + "/"
		}
		log.Runs[i] = sarifRunOf(r, homeOf(r, o), id)
	}
	return encodeJSON(w, log, "  ")
}

func sarifRunOf(r *report.Report, home, id string) sarifRun {
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{"keycare", cmp.Or(r.Tool.Version, "unknown"), []sarifRule{}}},
		Automation:  sarifID{id},
		Invocations: []sarifCall{{true, stamp(r.Time)}},
		ColumnKind:  "unicodeCodePoints", // there are no columns: keycare counts bytes
		Results:     []sarifResult{},
	}
	if home != "" {
		run.Bases = map[string]sarifURI{sarifHome: {fileURI(home) + "/"}}
	}
	index := map[string]int{}
	add := func(f *report.Finding, reason string) {
		i, ok := index[f.Rule]
		if !ok {
			i = len(index)
			index[f.Rule] = i
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(f))
		}
		res := sarifResult{
			Rule: f.Rule, Index: i, Level: sarifSeverities[f.Severity].level, Message: sarifText{Text: sentence(f.What)},
			Fingerprints: map[string]string{"keycare/v1": f.Fingerprint}, Locations: []sarifLocation{sarifPlace(r, f, home)},
		}
		if f.State == report.StateAccepted {
			res.Suppressions = []sarifSuppression{{"external", reason}}
		}
		run.Results = append(run.Results, res)
	}
	for i := range r.Findings {
		add(&r.Findings[i], "")
	}
	for i := range r.Accepted {
		add(&r.Accepted[i].Finding, r.Accepted[i].Reason)
	}
	return run
}

func sarifRuleOf(f *report.Finding) sarifRule {
	help := f.Repair.String()
	if r := report.RuleByID(f.Rule); r != nil {
		help = repairOf(r, func(text, command string) string { return report.Repair{Text: text, Command: command}.String() })
	}
	s := sarifSeverities[f.Severity]
	return sarifRule{
		ID: f.Rule, Name: pascalCase(f.Rule), Short: sarifText{Text: sentence(f.Title)}, Full: sarifText{Text: sentence(f.Why)},
		Help:          sarifText{sentence(f.Why + ". To fix: " + help), markdownOf(sentence(f.Why)) + "\n\n**To fix:** " + markdownOf(help)},
		Configuration: sarifLevel{s.level}, Properties: sarifProperties{s.number, []string{"security", "aws"}, "very-high"},
	}
}

// sarifPlace is where f is. GitHub wants a place of each result: without a file
// it is the first of the shared files.
func sarifPlace(r *report.Report, f *report.Finding, home string) sarifLocation {
	file := f.File
	if file == "" && len(r.Files) > 0 {
		file = r.Files[0]
	}
	l := sarifLocation{Physical: sarifPhysical{sarifArtifact{URI: ".aws/credentials", Base: sarifHome}, sarifRegion{max(f.Line, 1)}}}
	if home == "" {
		l.Physical.Artifact.Base = ""
	}
	if rest, ok := strings.CutPrefix(slashed(file), slashed(home)+"/"); ok && home != "" {
		l.Physical.Artifact.URI = (&url.URL{Path: rest}).String()
	} else if file != "" {
		l.Physical.Artifact = sarifArtifact{URI: fileURI(file)}
	}
	for _, name := range f.Profiles {
		if at := (sarifLogical{name, "profile"}); !slices.Contains(l.Logical, at) { // SARIF wants them unique
			l.Logical = append(l.Logical, at)
		}
	}
	return l
}

// homeOf is the home folder of a report: that of this machine where the files are
// in it, or else the one in which they are where AWS's tools look for them.
func homeOf(r *report.Report, o Options) string {
	for _, file := range r.Files {
		if o.Home != "" && strings.HasPrefix(slashed(file), slashed(o.Home)+"/") {
			return o.Home
		}
		if dir := path.Dir(slashed(file)); path.Base(dir) == ".aws" {
			return path.Dir(dir)
		}
	}
	return ""
}

func slashed(name string) string {
	if len(name) > 2 && name[1] == ':' || strings.HasPrefix(name, `\\`) {
		return strings.ReplaceAll(name, `\`, "/")
	}
	return name
}

func fileURI(name string) string {
	name = strings.TrimRight(slashed(name), "/")
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // C:/...
	}
	return (&url.URL{Scheme: "file", Path: name}).String()
}

// pascalCase is a rule's ID as the names of rules are written.
func pascalCase(id string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(id, "-") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

// sentence is a text with a capital letter and a full stop.
func sentence(s string) string {
	return strings.TrimRight(strings.TrimSpace(show.Sentence(s)), ".") + "."
}
