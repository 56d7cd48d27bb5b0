package report

import "testing"

func TestExceptionsAndSwitches(t *testing.T) {
	in := input(section("a", keyA, secretA), "", online(aged(200)))
	count := func(change func(*Policy)) int {
		in := in
		change(&in.Policy)
		return len(of(Audit(in), "old-key"))
	}
	until := now.Add(day)
	for _, c := range []struct {
		e    Exception
		want int
	}{
		{Exception{Rule: "old-key", Until: until}, 0},
		{Exception{Rule: "old-key", Profile: "a", Account: "619888638459", Key: keyA, Until: until}, 0},
		{Exception{Account: "619888638459", Until: until}, 0},
		{Exception{Profile: "b", Until: until}, 1},
		{Exception{Rule: "old-key", Account: "111122223333", Until: until}, 1},
		{Exception{Rule: "old-key", Until: now}, 1},
		{Exception{Until: until}, 1},
	} {
		if got := count(func(p *Policy) { p.Exceptions = []Exception{c.e} }); got != c.want {
			t.Errorf("%+v: %d findings, want %d", c.e, got, c.want)
		}
	}
	if got := count(func(p *Policy) { p.Off = []string{"old-key"} }); got != 0 {
		t.Error("the rule is switched off")
	}
}
