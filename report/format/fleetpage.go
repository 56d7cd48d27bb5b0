package format

import (
	"cmp"
	"fmt"
	"strings"

	"keycare/credfile/show"
	"keycare/report"
)

// fleetPage is the page about many machines, in words. Its lists are bounded: the
// page of 500 machines is about as long as that of five.
type fleetPage struct {
	Title, When                          string
	Tiles                                []tile
	Bars                                 []ageBar
	Ageless                              string
	Accounts                             []accountRow
	Rules                                []report.FleetRule
	Shared                               []sharedRow
	Used                                 []usedRow
	Asked                                string
	Machines                             []machineRow
	Silent, LeftOut                      []string
	MoreAccounts, MoreShared, MoreSilent string
	MoreMachines, MoreUsed, MoreRules    string
}

type ageBar struct{ X, Y, Height, Middle, CountY, Class, Label, Count string }

type accountRow struct {
	ID                  string
	Root, MFA, Password mark
	Machines            int
}

// mark is a yes or no, with the colour of what is wrong.
type mark struct{ Text, Class string }

type sharedRow struct{ ID, Whose, Machines string }

// usedRow is who uses a key.
type usedRow struct {
	ID, Whose, Class, Calls string
	Networks                int
	From, With, Machines    string
}

type machineRow struct {
	Name, User             string
	Critical, High, Medium int
	When                   string
}

// What a page has of each list.
const (
	mostAccounts, mostShared, mostMachines, mostSilent, mostNames, mostUsed, mostRules = 50, 30, 15, 40, 8, 30, 120
)

func fleetPageOf(rs []*report.Report, o Options) fleetPage {
	f := report.Together(rs, o.Now)
	v := view{&report.Report{}, o}
	p := fleetPage{
		Title: "AWS keys on " + show.Count(f.Machines, "machine"),
		When:  "Reports from " + v.time(f.First) + " to " + v.time(f.Last),
		Tiles: []tile{
			{f.RootKey, "with a root key", "critical", "of " + show.Count(f.Machines, "machine")},
			{rootless(f), "without root MFA", "critical", "of " + show.Count(len(f.Accounts), "account")},
			{f.High, "with a high finding", "high", "of " + show.Count(f.Machines, "machine")},
			{f.Old, "older than the limit", "medium", "of " + show.Count(f.Keys, "key")},
			{len(f.Silent), "silent", "low", fmt.Sprintf("for %d days", report.SilentAfter/day)},
		},
	}
	p.ages(f)
	p.use(v, f)
	for _, r := range f.Rules[:min(len(f.Rules), mostRules)] {
		r.Title = cut(r.Title, mostPath)
		p.Rules = append(p.Rules, r)
	}
	for _, a := range f.Accounts[:min(len(f.Accounts), mostAccounts)] {
		p.Accounts = append(p.Accounts, accountRow{a.ID, marked(a.RootKey, "yes", "critical"), marked(a.NoMFA, "none", "critical"), marked(a.WeakPasswords, "weak", "medium"), a.Machines})
	}
	for _, k := range f.Shared[:min(len(f.Shared), mostShared)] {
		names := k.Machines[:min(len(k.Machines), mostNames)]
		p.Shared = append(p.Shared, sharedRow{k.ID, cut(userOf(k.UserARN, k.Account), mostPath), strings.Join(shortened(names), ", ") + andMore(len(k.Machines)-len(names))})
	}
	for _, r := range f.Reports[:min(len(f.Reports), mostMachines)] {
		if r.Counts.AtLeast(report.Medium) > 0 {
			p.Machines = append(p.Machines, machineRow{machineName(r), cut(r.User.Name, mostName), r.Counts.Critical, r.Counts.High, r.Counts.Medium, v.day(r.Time)})
		}
	}
	for _, r := range f.Silent[:min(len(f.Silent), mostSilent)] {
		p.Silent = append(p.Silent, machineName(r)+" since "+v.day(r.Time))
	}
	for _, r := range f.Ahead[:min(len(f.Ahead), mostSilent)] {
		p.Silent = append(p.Silent, machineName(r)+": its clock is wrong, its report is of "+v.day(r.Time))
	}
	for _, file := range o.LeftOut[:min(len(o.LeftOut), mostSilent)] {
		p.LeftOut = append(p.LeftOut, cut(file, mostPath))
	}
	if rest := len(o.LeftOut) - len(p.LeftOut); rest > 0 {
		p.LeftOut = append(p.LeftOut, fmt.Sprintf("%d more", rest))
	}
	p.MoreRules = more(len(f.Rules), mostRules, "rule")
	p.MoreAccounts, p.MoreShared = more(len(f.Accounts), mostAccounts, "account"), more(len(f.Shared), mostShared, "key")
	p.MoreMachines, p.MoreSilent = more(len(f.Reports), mostMachines, "report"), more(len(f.Silent), mostSilent, "report")
	return p
}

// use lists the keys that others use too.
func (p *fleetPage) use(v view, f *report.Fleet) {
	if f.Asked == 0 {
		p.Asked = "No report says who uses the keys: keycare audit --deep asks CloudTrail."
		return
	}
	p.Asked = fmt.Sprintf("Known of %d of %s; keycare audit --deep asks CloudTrail.", f.Asked, show.Count(f.Keys, "key"))
	p.Tiles = append(p.Tiles, tile{len(f.Used), "used elsewhere", "medium", "of " + show.Count(f.Asked, "key") + " asked about"})
	for _, k := range f.Used[:min(len(f.Used), mostUsed)] {
		row := v.userRow(report.Key{ID: k.ID}, &k.Calls)
		names := k.Machines[:min(len(k.Machines), mostNames)]
		p.Used = append(p.Used, usedRow{k.ID, cut(userOf(k.UserARN, k.Account), mostPath), k.Severity.String(), row.Calls, k.Calls.Networks,
			cut(mostCalls(k.Calls.From), mostList), cut(row.With, mostList), strings.Join(shortened(names), ", ") + andMore(len(k.Machines)-len(names))})
	}
	p.MoreUsed = more(len(f.Used), mostUsed, "key")
}

// userOf is whose a key is, in short.
func userOf(arn, account string) string {
	if arn == "" {
		return account
	}
	return arn[strings.LastIndexByte(arn, '/')+1:] + " of " + account
}

// ages draws how old the keys are.
func (p *fleetPage) ages(f *report.Fleet) {
	most := 1
	for _, b := range f.Ages {
		most = max(most, b.Keys)
	}
	for i, b := range f.Ages {
		x, h := 6+153*float64(i), 100*float64(b.Keys)/float64(most)
		label := fmt.Sprintf("%d–%d days", b.From, b.To)
		class := "medium"
		switch {
		case i == 0:
			label, class = fmt.Sprintf("up to %d days", b.To), "ok"
		case b.To == 0:
			label = fmt.Sprintf("over %d days", b.From-1)
		}
		if b.From > 360 {
			class = "high"
		}
		p.Bars = append(p.Bars, ageBar{units(x), units(125 - h), units(h), units(x + 65), units(120 - h), class, label, fmt.Sprint(b.Keys)})
	}
	if f.Ageless > 0 {
		p.Ageless = show.Count(f.Ageless, "key") + " of unknown age"
	}
}

// What a page has of a name, of a path or an ARN, and of a list, in characters.
const mostName, mostPath, mostList = 48, 160, 240

func machineName(r *report.Report) string {
	return cut(cmp.Or(r.Host.Name, r.Host.ID, "(not known)"), mostName)
}

func shortened(names []string) (all []string) {
	for _, name := range names {
		all = append(all, cut(name, mostName))
	}
	return all
}

func rootless(f *report.Fleet) (n int) {
	for _, a := range f.Accounts {
		n += oneIf(a.NoMFA)
	}
	return n
}

func marked(wrong bool, text, class string) mark {
	if !wrong {
		return mark{"–", "dim"}
	}
	return mark{text, class}
}

func andMore(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// more says what a bounded list leaves out.
func more(n, shown int, thing string) string {
	if n <= shown {
		return ""
	}
	return fmt.Sprintf("%d of %s; keycare report --format csv has the rest.", shown, show.Count(n, thing))
}
