package copies

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// An API key for Bedrock is found wherever it stands in the stream, and what only looks
// like one is not.
func TestAPIKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	secret := base64.StdEncoding.EncodeToString([]byte(drawnFrom(r, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/", 44)))
	of := func(plain string) string {
		return "ABSK" + base64.StdEncoding.EncodeToString([]byte(plain))
	}
	const name = "BedrockAPIKey-1a2b-at-111122223333"
	real := of(name + ":" + secret)
	s := NewScanner(NewMatcher([]Key{newKey(r)}, Options{Others: true}))
	look := func(text string) (hits []Hit) {
		s.Bytes([]byte(text), func(h Hit) { hits = append(hits, h) })
		return hits
	}
	for at := range 40 {
		before := strings.Repeat("\n", at)
		hits := look(before + "k=" + real + "\n" + strings.Repeat("x", at))
		if len(hits) != 1 || hits[0].API == nil || hits[0].API.Name != name || hits[0].API.Account != "111122223333" || hits[0].Off != int64(at)+2 || hits[0].Line != at+1 || hits[0].Part != Secret {
			t.Fatalf("at %d: %+v", at, hits)
		}
		if h := hits[0]; "ABSK"+base64.RawStdEncoding.EncodeToString([]byte(name+":"+secret)) != h.API.Text.Reveal() || strings.Contains(fmt.Sprintf("%+v %v", h, *h.API), h.API.Text.Reveal()) {
			t.Error("the text is another one, or is shown")
		}
	}
	for writing, text := range map[string]string{
		"several of a user": of("BedrockAPIKey-1a2b-at-111122223333-z1x2:" + secret),
		"JSON":              `{"k":"` + strings.ReplaceAll(real, "/", `\/`) + `"}`,
		"behind an escape":  `k\n` + real,
		"no padding":        strings.TrimRight(real, "="),
		"UTF-16":            "\xff\xfe" + strings.Join(strings.Split("key "+real, ""), "\x00") + "\x00",
	} {
		if hits := look(text); len(hits) != 1 || hits[0].API == nil {
			t.Errorf("%s: %+v", writing, hits)
		}
	}
	for why, text := range map[string]string{
		"no account":   of("BedrockAPIKey-1a2b-at-11112222333:" + secret),
		"no secret":    of(name + ":"),
		"cut":          real[:60],
		"words":        of(name + ":" + strings.Repeat("your-secret", 5)),
		"row":          of(name + ":" + strings.Repeat("ab", 40)),
		"example":      of(name + ":EXAMPLE" + secret),
		"begin alone":  apiKeyBegin + strings.Repeat("A", 100),
		"in the midst": "x" + real,
		"not base64":   real[:50] + "-" + real[51:],
	} {
		if hits := look(text); len(hits) > 0 {
			t.Errorf("%s: %+v", why, hits)
		}
	}
	if hits := func() (n int) {
		NewScanner(NewMatcher(nil, Options{Others: true, Unlikely: true})).Bytes([]byte(real), func(Hit) { n++ })
		return n
	}(); hits != 0 {
		t.Error("found where it is not looked for")
	}

	// one copy a name; whose it is comes from the account
	c := NewCollector(s.m, []string{"111122223333"}, nil)
	g := c.NewGather()
	s.Bytes([]byte(real+"\n"+real+"\n"+of("BedrockAPIKey-9z-at-444455556666:"+secret)), g.Hit)
	c.Add(g.Take(func(c *Copy) { c.Path = "a" })...)
	all := c.Result().Copies
	if len(all) != 2 || all[0].API != name || all[0].Tier != OwnAccount || all[0].Count != 2 || !all[0].Whole() || all[0].KeyID != "" || all[1].Tier != WithSecret || all[1].Account != "444455556666" {
		t.Errorf("%+v", all)
	}
	all[0].Judge(nil, nil)
	if all[0].Tier != WithSecret {
		t.Errorf("judged anew: %+v", all[0])
	}
}
