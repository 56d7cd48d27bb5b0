package job

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"keycare/credfile/pattern"
	"keycare/credfile/show"
	"keycare/rotate"
)

// Kind is why a person is told.
type Kind string

const (
	Done    Kind = "rotated"               // for information
	Needs   Kind = "needs you"             // nothing goes on without a person
	Trouble Kind = "failed"                // the next run tries again
	InUse   Kind = "old key still in use"  // by somebody else
	Several Kind = "several things to see" // merged
)

// Notice is one thing to tell a person. It holds no secret.
type Notice struct {
	Kind Kind
	// About is the same as long as the notice is about the same thing. It is
	// kept, to tell that once.
	About string
	// Again is when it is repeated if it still holds; 0 means never.
	Again time.Duration
	Text  string
}

// Title is the notice's heading.
func (n Notice) Title() string { return "keycare: " + string(n.Kind) }

// noticeOf tells of a key that was replaced. The end of a grace is no news.
func noticeOf(res rotate.Result) (Notice, bool) {
	about := "rotated " + res.Old
	switch res.Outcome {
	case rotate.InGrace:
		return Notice{Done, about, 0, fmt.Sprintf("Profile %s has a new key, %s. The old key %s stays active until %s.",
			res.Profile, res.New, res.Old, show.Time(res.GraceEnds))}, true
	case rotate.Rotated:
		if res.Leaked {
			return Notice{Needs, about, 0, fmt.Sprintf("Profile %s has a new key, %s. The leaked key %s is %s. What it did, and how to end the sessions that it gave out: keycare resume %s",
				res.Profile, res.New, res.Old, res.Retired, show.Word(res.Profile, runtime.GOOS))}, true
		}
		return Notice{Done, about, 0, fmt.Sprintf("Profile %s has a new key, %s. The old key %s is %s.",
			res.Profile, res.New, res.Old, res.Retired)}, true
	}
	return Notice{}, false
}

// noticeOfError tells of trouble with the key of a profile, if that is known.
func noticeOfError(err error, profile string) Notice {
	var used *rotate.OldKeyUsed
	var half *rotate.HalfDone
	var refused *rotate.Refused
	isHalf := errors.As(err, &half)
	text := firstLine(err)
	if profile != "" && !strings.Contains(text, fmt.Sprintf("profile %s", show.Name(profile))) {
		text = fmt.Sprintf("profile %s: %s", show.Name(profile), text)
	}
	about := profile + " " + stable(err)
	switch {
	case errors.As(err, &used) && isHalf:
		return Notice{InUse, "in use " + half.Journal.Old, weekly, fmt.Sprintf("The old key %s of profile %s was used %s for %s in %s. It stays until nobody has used it for %s. If this user's key is also on another machine, copy the new one there. See: keycare status",
			half.Journal.Old, half.Journal.Profile, show.Time(used.Use.At), used.Use.Service, used.Use.Region, show.Duration(used.Grace))}
	case isHalf:
		return Notice{Trouble, "half " + half.Journal.ID, weekly, text + ". See: keycare status"}
	case errors.As(err, &refused):
		return Notice{Needs, "refused " + about, weekly, text}
	}
	return Notice{Trouble, "failed " + about, weekly, text}
}

// stable is an error's text without what differs each time it happens: ages,
// times and the IDs of requests. Digits in names stay.
func stable(err error) string {
	text, _, _ := strings.Cut(firstLine(err), "RequestID")
	return number().ReplaceAllString(text, "${1}")
}

var number = pattern.Of(`(^|[\s(:./-])[0-9][0-9:./-]*\b`)
