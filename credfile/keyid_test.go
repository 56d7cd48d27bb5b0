package credfile

import (
	"errors"
	"strings"
	"testing"
)

func TestAccountOf(t *testing.T) {
	for _, c := range []struct{ id, account, err string }{
		{"AKIASP2TPHJSQH3FJRUX", "171436882533", ""},
		{"AKIAZAVB57H55F3T4BKH", "619888638459", ""},
		{"AKIAZAVB57H55F3T4XYZ", "619888638459", ""},
		{"ASIAY34FZKBOKMUTVV7A", "609629065308", ""},
		{"ASIAQNZGKIQY56JQ7WML", "029608264753", ""},
		{"AIDAZAVB57H5V3Q4ACRGM", "619888638459", ""},
		{"AIDAW2B2YYMNYLMPFD64V", "468274692891", ""},
		{"AKIAYVP4CIPPAAAAAAAA", "595918472158", ""},
		{"AKIAYVP4CIPP********", "", "'*' is not a base32 digit"}, // a masked ID hides the last bit
		{"AKIAQAAAAAAAQAAAAAAA", "000000000001", ""},
		{"AKIAIOSFODNN7EXAMPLE", "", "old generation"},
		{"AKIAI44QH8DHBEXAMPLE", "", "'8' is not a base32 digit"},
		{"AKIAWGXZ9OPDOWUJMZGI", "", "'9' is not a base32 digit"},
		{"ASIABBKK02W42Q3IPSPG", "", "'0' is not a base32 digit"},
		{"AKIA7777777777777777", "", "1099511627775, which is not an account"},
		{"AKIAQAAAAAAAAEXAMPLE", "", "0, which is not an account"},
		{"AKIAPAAAAAAAQAAAAAAA", "", "old generation"},
		{"AKIA", "", "too short"},
		{"", "", "too short"},
	} {
		account, err := AccountOf(c.id)
		if account != c.account || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: got %q, %v; want %q, %q", c.id, account, err, c.account, c.err)
		}
		if old := errors.Is(err, ErrOldGeneration); old != (c.err == "old generation") || FactsOf(c.id).OldGen != old {
			t.Errorf("%s: old generation %v", c.id, old)
		}
	}
}

func TestFactsOf(t *testing.T) {
	for _, c := range []struct {
		id   string
		want KeyFacts
	}{
		{"AKIASP2TPHJSQH3FJRUX", KeyFacts{Kind: LongTerm, Account: "171436882533", Canary: true}},
		{"AKIAYVP4CIPPAAAAAAAA", KeyFacts{Kind: LongTerm, Account: "595918472158", Canary: true}},
		{"AKIAZAVB57H55F3T4BKH", KeyFacts{Kind: LongTerm, Account: "619888638459"}},
		{"ASIAY34FZKBOKMUTVV7A", KeyFacts{Kind: Temporary, Account: "609629065308"}},
		{"AIDAZAVB57H5V3Q4ACRGM", KeyFacts{Kind: NotAKey, Account: "619888638459"}},
		{"ABIAZAVB57H55F3T4BKH", KeyFacts{Kind: Bearer, Account: "619888638459"}},
		{"ACCAZAVB57H55F3T4BKH", KeyFacts{Kind: Context, Account: "619888638459"}},
		{"AKIAIOSFODNN7EXAMPLE", KeyFacts{Kind: LongTerm, OldGen: true, Example: true}},
		{"AKIAI44QH8DHBEXAMPLE", KeyFacts{Kind: LongTerm, Example: true}},
		{"akiazavb57h55f3t4bkh", KeyFacts{Kind: Unknown}},
		{"AKI", KeyFacts{Kind: Unknown}},
		{"", KeyFacts{Kind: Unknown}},
	} {
		c.want.ID = c.id
		if got := FactsOf(c.id); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.id, got, c.want)
		}
	}
}

func TestCanaryAccounts(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range canaryAccounts {
		if len(a) != 12 || strings.Trim(a, "0123456789") != "" || seen[a] {
			t.Errorf("canary account %q is no account or stands twice", a)
		}
		seen[a] = true
	}
}
