package credfile

// PlanEach makes the plan for each of the pairs by itself, as Plan does, and
// proves them together: one reading of the edited files does for all. An element
// is nil where that does not work out; then Plan says why. To stands for a key
// that does not exist yet, so it may be the same for all.
func (s *Set) PlanEach(from []Pair, to Pair) []*Plan {
	plans := make([]*Plan, len(from))
	if !plainKey(to) || len(s.Paths.Doubts) > 0 {
		return plans
	}
	ids, count := map[string]bool{}, map[string]int{}
	for _, pair := range from {
		ids[pair.ID] = true
		count[pair.ID]++
	}
	var mentions [2]map[string][]int
	for k, f := range s.Files() {
		mentions[k] = f.mentionsOf(ids)
	}
	all := &Plan{Swap: Swap{To: to}, Before: s}
	var edits [2][]edit
	for i, pair := range from {
		if count[pair.ID] > 1 {
			continue // the same key with two secrets
		}
		p := &Plan{Swap: Swap{From: []Pair{pair}, To: to}, Before: s}
		whole := true
		for k, f := range s.Files() {
			places, err := f.placesIn(p.Swap, mentions[k])
			whole = whole && err == nil
			p.Places = append(p.Places, places...)
		}
		whole = whole && p.editCopies() == nil
		if !whole {
			continue
		}
		for _, pl := range p.Places {
			edits[pl.Kind] = append(edits[pl.Kind], edit{pl.id, to.ID}, edit{pl.secret, to.Secret.Reveal()})
		}
		all.Swap.From, all.Places = append(all.Swap.From, pair), append(all.Places, p.Places...)
		plans[i] = p
	}
	if all.edit(edits) != nil || all.proveRest() != nil {
		return make([]*Plan, len(from))
	}
	for i, p := range plans {
		if p == nil {
			continue
		}
		p.After = all.After
		for _, pl := range p.Places {
			if p.provePlace(pl) != nil {
				plans[i] = nil
			}
		}
	}
	return plans
}
