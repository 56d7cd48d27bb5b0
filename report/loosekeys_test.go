package report

import (
	"strings"
	"testing"
)

// A pair that was commented out is as readable as any other.
func TestStrayComment(t *testing.T) {
	r := Audit(input("[a]\n#aws_access_key_id = "+keyA+"\r\n# was for ci\n#aws_secret_access_key="+secretA+"\n", ""))
	checkNoSecret(t, r)
	if fs := of(r, "stray-key"); len(fs) != 1 || !strings.Contains(fs[0].What, "in a comment") || fs[0].KeyID != keyA {
		t.Errorf("got %+v", fs)
	}
}
