package client

import (
	"slices"
	"testing"

	"keycare/credfile/facts"
)

// The addresses of keycare's own calls are known, and no others.
func TestTallyKnowsKeycare(t *testing.T) {
	all := newTally()
	for _, r := range []record{{agent: productOf("aws-sdk-go-v2/1.47 ua/2.1 api/iam#1.64 " + facts.Keycare), address: "203.0.113.7"}, {agent: "AWS CLI", address: "198.51.100.9"},
		{agent: facts.Keycare, address: "203.0.113.7"}, {agent: facts.Keycare, address: "192.0.2.1"}} {
		all.add(r)
	}
	if got := all.activity().Keycare; !slices.Equal(got, []string{"192.0.2.1", "203.0.113.7"}) {
		t.Errorf("got %q", got)
	}
}
