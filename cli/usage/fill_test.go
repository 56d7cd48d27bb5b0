package usage

import "testing"

func TestFilled(t *testing.T) {
	const text = "one two\nthree four\n\n  kept as   it is\n  and this\n\nfive sixsixsix"
	const want = "one two\nthree four\n\n  kept as   it is\n  and this\n\nfive\nsixsixsix\n"
	if got := filled(text, 10); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
