package facts

import (
	"regexp"
	"slices"
	"testing"
)

// IAM simulates names of actions without wildcards, and no name twice.
func TestPowersAsked(t *testing.T) {
	asked := PowersAsked()
	shape := regexp.MustCompile(`^[a-z0-9-]+:[A-Z][A-Za-z]+$`)
	for i, a := range asked {
		if !shape.MatchString(a) || slices.Index(asked, a) != i {
			t.Errorf("action %q", a)
		}
	}
	if len(asked) < 60 || len(asked) > 128 {
		t.Errorf("%d actions", len(asked))
	}
	seen := map[string]bool{}
	for _, e := range escalations {
		if seen[e.Name] || len(e.Actions) == 0 {
			t.Errorf("way %+v", e)
		}
		seen[e.Name] = true
	}
}

func TestPowersOf(t *testing.T) {
	names := func(p Powers) (out []string) {
		for _, e := range p.Escalations {
			out = append(out, e.Name)
		}
		return out
	}
	for _, c := range []struct {
		allowed, conditional, want, ways []string
	}{
		{nil, nil, nil, nil},
		{[]string{"lambda:InvokeFunction", "s3:GetObject", "no:Such"}, nil, []string{"s3:GetObject", "lambda:InvokeFunction"}, nil},
		{[]string{"iam:PassRole"}, nil, []string{"iam:PassRole"}, nil},
		{[]string{"lambda:CreateFunction", "lambda:InvokeFunction", "iam:PassRole"}, nil,
			[]string{"lambda:InvokeFunction", "iam:PassRole", "lambda:CreateFunction"}, []string{"PassRole+CreateLambda+Invoke"}},
		{[]string{"iam:PassRole"}, []string{"ec2:RunInstances"}, []string{"iam:PassRole"}, nil},
		{[]string{"iam:CreateAccessKey", "ssm:SendCommand"}, nil, []string{"iam:CreateAccessKey", "ssm:SendCommand"}, []string{"CreateAccessKey", "SSMSendCommand"}},
	} {
		p := PowersOf(c.allowed, c.conditional)
		if !slices.Equal(p.Allowed, c.want) || !slices.Equal(names(p), c.ways) || !slices.Equal(p.Conditional, c.conditional) {
			t.Errorf("%q: got %+v", c.allowed, p)
		}
	}
	if all := PowersOf(PowersAsked(), PowersAsked()); len(all.Escalations) != len(escalations) || len(all.Conditional) > 0 {
		t.Errorf("all: %d ways, %q", len(all.Escalations), all.Conditional)
	}
}
