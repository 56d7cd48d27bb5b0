package show

import (
	"strconv"
	"strings"
	"time"
)

// Count counts things: "1 key", "3 keys", "2 policies".
func Count(n int, thing string) string {
	if n != 1 {
		thing = plural(thing)
	}
	return strconv.Itoa(n) + " " + thing
}

func plural(thing string) string {
	stem, ok := strings.CutSuffix(thing, "y")
	if ok && stem != "" && !strings.ContainsRune("aeiou", rune(stem[len(stem)-1])) {
		return stem + "ies"
	}
	if strings.HasSuffix(thing, "x") {
		return thing + "es"
	}
	return thing + "s"
}

// Are is Count with its verb: "1 key is", "3 keys are".
func Are(n int, thing string) string {
	if n == 1 {
		return Count(n, thing) + " is"
	}
	return Count(n, thing) + " are"
}

// Zone is that of the times for people: this machine's. A test that shows times
// chooses one.
var Zone = time.Local

// Time is a time for people, where they are, with its zone. For another zone
// than the machine's, use In(loc) and TimeFormat.
func Time(t time.Time) string { return t.In(Zone).Format(TimeFormat) }

// TimeFormat is how times are written for people.
const TimeFormat = "2006-01-02 15:04 MST"

const day = 24 * time.Hour

// Duration is a span of time as a person writes it, and as flags and settings
// take it: 90d, 1d12h, 24h, 1h30m, 90s.
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Duration(-d)
	case d > day && d%day == 0:
		return strconv.Itoa(int(d/day)) + "d"
	case d > day:
		return strconv.Itoa(int(d/day)) + "d" + Duration(d%day)
	}
	return strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(d.String())
}

// Until says how long it is from now to a time, roughly: "in 23h", "in 3d",
// "now", "2h ago".
func Until(t, now time.Time) string {
	d := t.Sub(now)
	switch {
	case d > -time.Minute && d < time.Minute:
		return "now"
	case d < 0:
		return about(-d) + " ago"
	}
	return "in " + about(d)
}

// about is d in its largest unit, rounded down: 3d, 23h, 5m.
func about(d time.Duration) string {
	switch {
	case d >= 2*day:
		return strconv.Itoa(int(d/day)) + "d"
	case d >= time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	}
	return strconv.Itoa(int(d/time.Minute)) + "m"
}
