package rotate

import (
	"keycare/credfile/disk/testrun"
	"testing"
)

// modelBounds are what may go wrong in one exploration: crashes, wrong answers,
// lost replies, copies of another program, acts of a person.
var (
	modelBounds = []mstate{
		{crash: 2, flap: 3, lose: 2, write: 1, act: 1},
		{crash: 3, flap: 6, lose: 1},
		{crash: 1, flap: 1, lose: 1, write: 3, act: 2},
		{crash: 1, flap: 1, lose: 1, write: 1, act: 2, grace: 1},
		{crash: 2, flap: 1, lose: 1, write: 1, act: 1, noOff: 1},
		{crash: 1, flap: 1, lose: 1, write: 1, act: 1, copies: 1, after: 1},
		{crash: 1, flap: 1, lose: 1, act: 2, copies: 1, after: 1, grace: 1},
		{crash: 1, flap: 1, lose: 1, write: 1, act: 2, leaked: 1},
		{crash: 2, flap: 1, lose: 1, write: 1, act: 1, leaked: 2},
		{crash: 1, flap: 1, lose: 1, write: 1, act: 1, copies: 1, after: 1, leaked: 1},
		{crash: 1, flap: 1, lose: 1, act: 2, copies: 1, after: 1, leaked: 2},
		{crash: 1, flap: 1, lose: 1, write: 1, act: 1, noOff: 1, leaked: 2},
	}
	smallBounds = []mstate{
		{crash: 1, flap: 1, lose: 1, write: 1},
		{crash: 1, flap: 1, write: 1, act: 1},
		{crash: 1, lose: 1, act: 1},
		{crash: 2, flap: 2, lose: 1},
		{crash: 1, flap: 1, act: 1, grace: 1},
		{crash: 1, lose: 1, write: 1, noOff: 1},
		{crash: 1, flap: 1, lose: 1, after: 1},
		{crash: 1, lose: 1, act: 1, copies: 1, after: 1},
		{crash: 1, lose: 1, write: 1, leaked: 1},
		{crash: 1, flap: 1, act: 1, copies: 1, after: 1, leaked: 2},
	}
)

func TestModel(t *testing.T) {
	t.Run("small", func(t *testing.T) { exploreAll(t, smallBounds, 100_000) })
	t.Run("large", func(t *testing.T) {
		testrun.Long(t)
		exploreAll(t, modelBounds, 1_000_000)
	})
}

// exploreAll fails unless every exploration ends without a violation, and all
// together have seen so many states.
func exploreAll(t *testing.T, all []mstate, least int) {
	total := 0
	for _, bounds := range all {
		m := &model{bounds: bounds}
		n := m.explore()
		total += n
		t.Logf("%d states within %d crashes, %d wrong answers, %d lost replies, %d copies of another program, %d acts of a person",
			n, bounds.crash, bounds.flap, bounds.lose, bounds.write, bounds.act)
		if m.violated != "" {
			t.Fatal(m.trace())
		}
	}
	if total < least {
		t.Errorf("only %d states: the bounds are too small to mean anything", total)
	}
}

// Each safeguard is needed: without it the same exploration finds a way to lose
// a key.
func TestModelNeedsEverySafeguard(t *testing.T) {
	many := modelBounds[0]
	for name, m := range map[string]*model{
		"undo is binding":                         {noBindUndo: true, bounds: modelBounds[1]},
		"retire is binding":                       {noBindRetire: true, bounds: many},
		"proof before a key is deleted":           {bySigns: true, bounds: many},
		"the watch waits for IAM's last use":      {hasty: true, bounds: many},
		"recovery kept until after retire":        {dropEarly: true, bounds: many},
		"the watch on an ambiguous create":        {noWatch: true, bounds: many},
		"an empty file is not a file without key": {emptyIsForeign: true, bounds: many},
		"the look waits for a quick writer":       {retireSafeguards: retireSafeguards{noSettle: true}, bounds: mstate{crash: 1, write: 1}},
		"the list before the deletion":            {retireSafeguards: retireSafeguards{noListAgain: true}, bounds: mstate{act: 1}},
		"a second list":                           {retireSafeguards: retireSafeguards{oneList: true}, bounds: mstate{flap: 1}},
		"on again only what was on":               {retireSafeguards: retireSafeguards{alwaysOn: true}, bounds: mstate{crash: 1, act: 2}},
		"on again, not taken for a person's act":  {retireSafeguards: retireSafeguards{onUnsaid: true}, bounds: mstate{crash: 1, write: 1}},
		"the last use is asked":                   {retireSafeguards: retireSafeguards{noUseAsked: true}, bounds: mstate{crash: 1, act: 1}},
		"the new key is kept after the switch":    {choiceSafeguards: choiceSafeguards{undoWithoutIt: true}, bounds: mstate{crash: 1, flap: 4, write: 1}},
		"keep-both refuses before the switch":     {choiceSafeguards: choiceSafeguards{keepAlways: true, keepDrops: true}, bounds: mstate{crash: 1, act: 1}},
		"keep-both sets secrets aside":            {choiceSafeguards: choiceSafeguards{keepDrops: true}, bounds: mstate{crash: 1, act: 2}},
		"undo keeps the new key's secret":         {choiceSafeguards: choiceSafeguards{undoDrops: true}, bounds: mstate{crash: 1, act: 1}},
		"the command is noted before it runs":     {copySafeguards: copySafeguards{handOnUnsaid: true}, bounds: mstate{crash: 1, act: 1, after: 1}},
		"the command takes the old key back":      {copySafeguards: copySafeguards{handsNoneBack: true}, bounds: mstate{lose: 1, act: 1, after: 1}},
		"nothing is retired before the command":   {copySafeguards: copySafeguards{retiresAnyway: true}, bounds: mstate{lose: 1, after: 1}},
		"a leaked key stays off":                  {leakedSafeguards: leakedSafeguards{forgotten: true}, bounds: mstate{crash: 1, write: 1, leaked: 1}},
		"a leaked key is off before the command":  {leakedSafeguards: leakedSafeguards{waits: true}, bounds: mstate{after: 1, leaked: 1}},
		"a leaked key has no grace":               {leakedSafeguards: leakedSafeguards{forgotten: true}, bounds: mstate{grace: 1, leaked: 1}},
		"the new pair is kept after a grace":      {retireSafeguards: retireSafeguards{keepNoNew: true}, bounds: mstate{crash: 1, write: 1, act: 1, grace: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			n := m.explore()
			if m.violated == "" {
				t.Fatalf("%d states and no violation: the model does not see what this is good for", n)
			}
			t.Logf("after %d states: %.60s", n, m.violated)
		})
	}
}
