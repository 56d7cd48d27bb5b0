package home

import "testing"

func TestMachineIDIsHashed(t *testing.T) {
	const raw = "0123456789abcdef0123456789abcdef"
	if got := hashed(raw); len(got) != 32 || got == raw || got != hashed(raw) || got == hashed(raw+"0") {
		t.Errorf("got %q", got)
	}
	for _, none := range []string{"", "uninitialized"} {
		if got := hashed(none); got != "" {
			t.Errorf("%q: got %q", none, got)
		}
	}
}
