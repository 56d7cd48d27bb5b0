package report

import (
	"testing"
)

func TestBaseline(t *testing.T) {
	old := input(section("a", keyA, secretA), "", mode(0, 0o644))
	known, err := ReadBaseline([]byte(jsonText(t, Audit(old))))
	if err != nil {
		t.Fatal(err)
	}
	r := Audit(old)
	all := len(r.Findings)
	r.Since(known)
	if len(r.Findings) != 0 || r.Known != all || r.Fails(Info) || r.Counts != (Counts{}) {
		t.Errorf("got %s", jsonText(t, r))
	}
	// The same findings elsewhere in the file are known, another one is new.
	r = Audit(input("# moved\n"+section("a", keyA, secretA)+section("b", keyOld, secretB), "", mode(0, 0o644)))
	r.Since(known)
	if len(of(r, "file-mode")) != 0 || len(of(r, "old-generation-key")) != 1 || r.Counts.High != 1 {
		t.Errorf("got %s", jsonText(t, r))
	}
	for _, text := range []string{"", "{}", "[]", `{"version":2,"findings":[]}`, `{"version":1}`} {
		if _, err := ReadBaseline([]byte(text)); err == nil {
			t.Errorf("%q is taken for a report", text)
		}
	}
}
