package format

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"keycare/report"
)

func TestASFFLimits(t *testing.T) {
	long := strings.Repeat("ä", 5000)
	a, b := hostile(long), hostile(long)
	for _, r := range []*report.Report{a, b} {
		for i := range r.Findings {
			r.Findings[i].Sources, r.Findings[i].Account = slices.Repeat([]string{long}, 50), "619888638459"
		}
		r.Inventory[0].UserARN = "arn:aws:iam::619888638459:user/" + long
	}
	b.User.UID = "502"
	var all []asffFinding
	if err := json.Unmarshal([]byte(writtenAll(t, "asff", []*report.Report{a, b}, Options{})), &all); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	fits := func(what, text string, most int) {
		if n := len([]rune(text)); n == 0 || n > most {
			t.Errorf("%s has %d characters", what, n)
		}
	}
	for _, f := range all {
		fits("the ID", f.Id, 512)
		fits("the title", f.Title, 256)
		fits("the description", f.Description, 1024)
		if f.Remediation != nil { // of what is gone there is none
			fits("the advice", f.Remediation.Recommendation.Text, 512)
		}
		if ids[f.Id] || len(f.Compliance.RelatedRequirements) > 32 {
			t.Errorf("%s is there twice, or has %d requirements", f.Id, len(f.Compliance.RelatedRequirements))
		}
		ids[f.Id] = true
		for _, r := range f.Compliance.RelatedRequirements {
			fits("a requirement", r, 64)
		}
		for _, r := range f.Resources {
			fits("a resource's ID", r.Id, 512)
			if r.Details != nil && r.Details.AwsIamAccessKey != nil && r.Details.AwsIamAccessKey.UserName != "" {
				fits("a user's name", r.Details.AwsIamAccessKey.UserName, 64)
			}
		}
		if b, err := json.Marshal(f); err != nil || len(b) > 240<<10 {
			t.Errorf("%d bytes, %v", len(b), err)
		}
	}
	if len(all) < 20 {
		t.Errorf("only %d findings", len(all))
	}
}

func TestASFF(t *testing.T) {
	for name, rs := range samples() {
		var all []asffFinding
		if err := json.Unmarshal([]byte(writtenAll(t, "asff", rs, Options{Region: "us-gov-west-1"})), &all); err != nil {
			t.Fatal(err)
		}
		want, ids := 0, map[string]bool{}
		for _, r := range rs {
			for _, f := range append(slices.Clone(r.Findings), gone(r)...) {
				want += oneIf(f.Account != "")
			}
			for _, a := range r.Accepted {
				want += oneIf(a.Account != "")
			}
		}
		if len(all) != want {
			t.Errorf("%s: %d findings, want %d", name, len(all), want)
		}
		for _, f := range all {
			if ids[f.Id] || !strings.HasPrefix(f.ProductArn, "arn:aws-us-gov:securityhub:us-gov-west-1:") || f.Description == "" || len([]rune(f.Title)) > 256 || len(f.Resources) != 2 {
				t.Errorf("%s: %+v", name, f)
			}
			ids[f.Id] = true
		}
	}
	if got := clipped(strings.Repeat("ä", 300), 256); len([]rune(got)) != 256 || clipped("ab", 2) != "ab" {
		t.Errorf("clipped to %q", got)
	}
}
