package report

import (
	"testing"
	"time"

	"keycare/credfile/facts"
)

func TestInventory(t *testing.T) {
	in := input(section("a", keyA, secretA)+section("b", keyA, secretA)+section("c", "nokey", secretB), "")
	in.Offline = false
	o := aged(10)
	o.Created.Value = o.Created.Value.Add(300 * time.Millisecond)
	o.Others = facts.Answered([]facts.OtherKey{{ID: keyB, Active: true, LastUsed: facts.Answered(facts.Use{})}, {ID: secretA}})
	o.LastUsed.Fail("needs iam:GetAccessKeyLastUsed")
	in.Online = map[string]facts.Online{keyA: o}
	in.Replaced = []facts.Replacement{{Old: keyB, New: keyA, At: now}}
	r := Audit(in)
	if len(r.Inventory) != r.Keys || r.Keys != 2 {
		t.Fatalf("%d keys of %d", len(r.Inventory), r.Keys)
	}
	k := r.Inventory[0]
	if k.ID != keyA || k.Kind != KindUser || len(k.Profiles) != 2 || k.Status != KeyActive || k.Line == 0 || k.UserARN == "" || k.Created.Nanosecond() != 0 {
		t.Errorf("got %+v", k)
	}
	if k.LastUsed != nil || len(k.Unknown) != 1 || k.Unknown[0] != (Unknown{"last_used", "needs iam:GetAccessKeyLastUsed"}) {
		t.Errorf("use %+v, not known %+v", k.LastUsed, k.Unknown)
	}
	if len(k.Others) != 1 || k.Others[0].ID != keyB || k.Others[0].Status != KeyActive || !k.Others[0].LastUsed.Never {
		t.Errorf("others %+v", k.Others)
	}
	if k.Replaces == nil || k.Replaces.ID != keyB {
		t.Errorf("replaces %+v", k.Replaces)
	}
	if none := r.Inventory[1]; none.ID != "" || none.Kind != KindOther || none.Profiles[0] != "c" {
		t.Errorf("got %+v", none)
	}
	in.Offline, in.Online = true, nil
	if k := Audit(in).Inventory[0]; k.Kind != KindLongTerm || k.Status != "" || len(k.Unknown) == 0 || k.Unknown[0].Why != facts.NotAsked {
		t.Errorf("not asked: %+v", k)
	}
}

// A key is due from the moment in which old-key finds it, and not before.
func TestDueIsWhenTheRuleFires(t *testing.T) {
	for _, limit := range []time.Duration{0, 30 * day, 36 * time.Hour} {
		in := input(section("a", keyA, secretA), "", online(aged(0)))
		in.Policy.MaxAge = limit
		due := Audit(in).Inventory[0].Due
		in.Now = due.Add(-time.Second)
		before := len(of(Audit(in), "old-key"))
		if in.Now = due.Add(time.Second); due.IsZero() || before != 0 || len(of(Audit(in), "old-key")) != 1 {
			t.Errorf("limit %s: due %s, %d findings before it", limit, due, before)
		}
	}
	for desc, change := range map[string]func(*facts.Online){
		"inactive": func(o *facts.Online) { o.Status.Value = "Inactive" },
		"root": func(o *facts.Online) {
			o.Identity.Value.ARN, o.Identity.Value.UserID = "arn:aws:iam::619888638459:root", "619888638459"
		},
		"no age": func(o *facts.Online) { o.Created.Fail("needs iam:ListAccessKeys") },
	} {
		if k := Audit(input(section("a", keyA, secretA), "", online(changed(change)))).Inventory[0]; !k.Due.IsZero() {
			t.Errorf("%s: due %s", desc, k.Due)
		}
	}
}
