package report

import (
	"fmt"
	"slices"
)

// Severity says how much a finding matters. Rules give their reason for it.
type Severity int

const (
	Clean    Severity = iota // what Worst returns where nothing was found
	Info                     // good to know, nothing is wrong
	Low                      // untidy, or unknown
	Medium                   // weakens a key, or breaks a tool for all to see
	High                     // others can get at a key, or a tool silently uses another one
	Critical                 // all of an account is at stake
	AboveAll                 // above all findings: the level "none" of ParseSeverity
)

var severityNames = []string{"clean", "info", "low", "medium", "high", "critical", "none"}

func (s Severity) String() string {
	if s < Clean || s > AboveAll {
		return fmt.Sprintf("severity %d", int(s))
	}
	return severityNames[s]
}

// MarshalText writes the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the severity's name.
func (s *Severity) UnmarshalText(b []byte) error {
	i := slices.Index(severityNames, string(b))
	if i < 0 {
		return fmt.Errorf("unknown severity %q", b)
	}
	*s = Severity(i)
	return nil
}

// ParseSeverity reads the name of the lowest severity that shall count as a
// failure; "none" is a level that no finding reaches.
func ParseSeverity(name string) (Severity, error) {
	if i := slices.Index(severityNames, name); i > int(Clean) {
		return Severity(i), nil
	}
	return Clean, fmt.Errorf("unknown severity %q: use critical, high, medium, low, info or none", name)
}

// Counts is the number of findings of each severity.
type Counts struct {
	Critical int `json:"critical"`
	High     int `json:"high"`
	Medium   int `json:"medium"`
	Low      int `json:"low"`
	Info     int `json:"info"`
}

// Of returns the number of findings of severity s.
func (c Counts) Of(s Severity) int {
	if p := c.at(s); p != nil {
		return *p
	}
	return 0
}

func (c *Counts) at(s Severity) *int {
	switch s {
	case Critical:
		return &c.Critical
	case High:
		return &c.High
	case Medium:
		return &c.Medium
	case Low:
		return &c.Low
	case Info:
		return &c.Info
	}
	return nil
}

// Severities are the severities of findings, the worst first.
var Severities = []Severity{Critical, High, Medium, Low, Info}

// LevelNames lists what ParseSeverity takes.
func LevelNames() []string { return slices.Clone(severityNames[Info:]) }

// Plus is the sum of both.
func (c Counts) Plus(d Counts) Counts {
	for _, s := range Severities {
		*c.at(s) += d.Of(s)
	}
	return c
}

// With are the counts with those of more findings.
func (c Counts) With(g Group) Counts {
	for _, f := range g {
		*c.at(f.Severity)++
	}
	return c
}

// AtLeast is the number of findings at or above a severity.
func (c Counts) AtLeast(level Severity) (n int) {
	for s := level; s <= Critical; s++ {
		n += c.Of(s)
	}
	return n
}
