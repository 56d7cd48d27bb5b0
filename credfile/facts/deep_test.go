package facts

import (
	"slices"
	"testing"
	"time"
)

// Nobody is an administrator by more than both the policies and the boundary allow.
func TestLimit(t *testing.T) {
	bound := func(arn string, g Answer[Grants]) Answer[Boundary] { return Answered(Boundary{arn, g}) }
	for _, c := range []struct {
		what     string
		boundary Answer[Boundary]
		in, want Grants
	}{
		{"not asked", Answer[Boundary]{}, GrantsAll, GrantsAll},
		{"denied", Unanswered[Boundary]("needs iam:GetUser"), GrantsAll, GrantsAll},
		{"none", bound("", Answer[Grants]{}), GrantsAll, GrantsAll},
		{"its text is not known", bound("arn", Unanswered[Grants]("needs iam:GetPolicy")), GrantsAll, GrantsAll},
		{"limits nothing", bound("arn", Answered(GrantsAll)), GrantsAll, GrantsAll},
		{"limits nothing", bound("arn", Answered(GrantsAll)), GrantsPerhapsAll, GrantsPerhapsAll},
		{"all but", bound("arn", Answered(GrantsPerhapsAll)), GrantsAll, GrantsPerhapsAll},
		{"some", bound("arn", Answered(GrantsSome)), GrantsAll, GrantsSome},
		{"some", bound("arn", Answered(GrantsSome)), GrantsPerhapsAll, GrantsSome},
		{"some of some", bound("arn", Answered(GrantsAll)), GrantsSome, GrantsSome},
	} {
		if got := (UserFacts{Boundary: c.boundary}).Limit(c.in); got != c.want {
			t.Errorf("%s: %q becomes %q, want %q", c.what, c.in, got, c.want)
		}
	}
}

func TestUnusedSince(t *testing.T) {
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := Access{Granted: 4, Unused: []string{"sqs", "sns"}, Used: []ServiceUse{{"s3", day, "eu-west-1"}, {"ec2", day.AddDate(0, 0, -1), ""}}}
	if got := a.UnusedSince(day); !slices.Equal(got, []string{"sqs", "sns", "ec2"}) {
		t.Errorf("got %q", got)
	}
}
