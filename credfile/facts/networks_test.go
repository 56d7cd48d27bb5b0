package facts

import (
	"slices"
	"testing"
)

func TestNetworks(t *testing.T) {
	got := Networks([]Seen{{Name: "203.0.113.7"}, {Name: "203.0.113.250"}, {Name: "198.51.100.1"}, {Name: "2001:db8:1:2::3"}, {Name: "2001:db8:1:ff::3"}, {Name: "2001:db8:2::1"},
		{Name: "::ffff:198.51.100.7"}, {Name: "fe80::1%eth0"}, {Name: "cloudformation.amazonaws.com"}, {Name: Rest}, {Name: ""}, {Name: "AWS Internal"}, {Name: "203.0.113.7/24"}})
	want := []string{"198.51.100.0/24", "2001:db8:1::/48", "2001:db8:2::/48", "203.0.113.0/24", "fe80::/48"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
