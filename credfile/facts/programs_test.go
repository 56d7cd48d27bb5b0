package facts

import "testing"

// What a User-Agent names is known again by its name, also on a system made for attacks.
func TestPrograms(t *testing.T) {
	for agent, c := range map[string]struct {
		name  string
		finds bool
	}{
		"TruffleHog": {"TruffleHog", true},
		"Boto3/1.28 md/Botocore#1.31 ua/2.0 os/linux#6.1.0-kali5-amd64": {"Boto3 on Kali Linux", true},
		"pacu Boto3/1.28 os/linux#6.5.0-parrot1":                        {"Pacu on Parrot Linux", true},
		"aws-cli/2.15.30 Python/3.11.8":                                 {"AWS CLI", false},
		"aws-sdk-go-v2/1.47 ua/2.1 keycare/1.0":                         {Keycare, false},
		"":                                                              {"", false},
	} {
		name := RanOn(ProgramOf(agent), agent)
		if name != c.name || FindsKeys(name) != c.finds {
			t.Errorf("%q: got %q, %v", agent, name, FindsKeys(name))
		}
	}
	for _, p := range finders {
		if !FindsKeys(RanOn(ProgramOf(p.mark), p.mark)) {
			t.Errorf("%s does not look for keys", p.name)
		}
	}
}
