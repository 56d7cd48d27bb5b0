package facts

import "testing"

func TestGrantsOf(t *testing.T) {
	const all = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	for _, c := range []struct {
		statements string
		want       Grants // "": it cannot be read
	}{
		{all, GrantsAll},
		{"[" + all + "]", GrantsAll},
		{`[{"Effect":"Allow","Action":["s3:Get*","*:*"],"Resource":["arn:aws:s3:::x","*"]}]`, GrantsAll},
		{`[{"Effect":"Allow","Action":"s3:*","Resource":"*"},` + all + `]`, GrantsAll},
		{`{"effect":"Allow","action":"**","resource":"*","condition":{}}`, GrantsAll},
		{`[` + all + `,{"Effect":"Deny","Action":"iam:*","Resource":"*"}]`, GrantsPerhapsAll},
		{`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`, GrantsPerhapsAll},
		{`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`, GrantsPerhapsAll},
		{`{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::x"}`, GrantsPerhapsAll},
		{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:*"}`, GrantsPerhapsAll},
		{`[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"},` + all + `]`, GrantsAll},
		{`{"Effect":"Deny","Action":"*","Resource":"*"}`, GrantsSome},
		{`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`, GrantsSome},
		{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::*"}`, GrantsSome},
		{`{"Effect":"Allow","NotAction":"iam:*","Resource":"arn:aws:s3:::x"}`, GrantsSome},
		{`{"Effect":"Allow","Action":"","Resource":"*"}`, GrantsSome},
		{`{"Effect":"Allow"}`, GrantsSome},
		{`{"Effect":"allow","Action":"*","Resource":"*"}`, ""},
		{`{"Effect":"Allow","Action":7,"Resource":"*"}`, ""},
		{`[]`, ""}, {`null`, ""}, {`"x"`, ""}, {``, ""}, {all + `}`, ""},
	} {
		got, err := GrantsOf(`{"Version":"2012-10-17","Statement":` + c.statements + `}`)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: got %q, %v, want %q", c.statements, got, err, c.want)
		}
	}
	for _, text := range []string{"", "null", "[]", "{", `"a"`, "<html>", "\x00", `{"Statement":{"Effect":"Allow"`} {
		if got, err := GrantsOf(text); err == nil {
			t.Errorf("%q: got %q", text, got)
		}
	}
}
