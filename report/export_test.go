package report

// AllCases are the inputs of the rules' cases, for tests of what is made of them.
func AllCases() (all []Input) {
	for _, c := range ruleCases {
		all = append(all, c.fires, c.staysSilent)
	}
	return all
}
