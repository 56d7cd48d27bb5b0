package report

import "time"

// Origin says where a report comes from.
type Origin struct {
	Host Host `json:"host"`
	User User `json:"user"`
	Tool Tool `json:"tool"`
	// Run is random, and the same in all that one audit writes.
	Run string `json:"run"`
}

// Host is the machine that was audited.
type Host struct {
	Name string `json:"name"`
	ID   string `json:"id"` // a hash; empty if the system has no ID of its own
	OS   string `json:"os"` // as Go names it: darwin, linux, windows
	Arch string `json:"arch"`
}

// User is whose files were audited.
type User struct {
	Name string `json:"name"`
	UID  string `json:"uid"` // a number, or a SID on Windows
}

// Tool is what made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Limits are those of the policy that the ages were held against.
type Limits struct {
	MaxAge    float64 `json:"max_age_days"`
	MaxUnused float64 `json:"max_unused_days"`
}

func (p Policy) limits() Limits {
	return Limits{inDays(p.maxAge()), inDays(p.maxUnused())}
}

func inDays(d time.Duration) float64 { return float64(d) / float64(day) }

// TimerRun is what the timer did last.
type TimerRun struct {
	LastRun time.Time `json:"last_run"`
	Outcome string    `json:"outcome"`
}

// Flight is a rotation that is not closed.
type Flight struct {
	Profile string    `json:"profile"`
	Old     string    `json:"old"`
	New     string    `json:"new"`
	Stage   string    `json:"stage"` // unfinished, undo, retire, grace, watch or damaged
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"` // the end of the grace period
}
