package job

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Unshown is a notice that the desktop has not shown: there was none, or nobody
// was logged in to it.
type Unshown struct {
	Kind  Kind      `json:"kind"`
	About string    `json:"about"`
	Text  string    `json:"text"`
	Since time.Time `json:"since"`
}

const (
	// mostNotices is how many notices a run puts on the desktop one by one.
	mostNotices = 3
	// mostUnshown is how many are kept for a desktop, the newest.
	mostUnshown = 50
)

// show puts notices on the desktop, and those that earlier runs could not show. It
// returns what the log needs of the new ones that stay unshown; later runs do not
// repeat it.
func (r *run) show(fresh []Notice) (missed []string) {
	var all []Unshown
	for _, n := range fresh {
		all = append(all, Unshown{n.Kind, n.About, n.Text, r.st.Started})
	}
	for _, u := range r.st.Unshown {
		if r.holds(u) && !slices.ContainsFunc(all, func(a Unshown) bool { return a.About == u.About }) {
			all = append(all, u)
		}
	}
	why := ""
	r.st.Unshown, why = r.onDesktop(all[:min(len(all), mostUnshown)])
	for _, u := range r.st.Unshown {
		if isNew := u.Since.Equal(r.st.Started); isNew && !slices.ContainsFunc(r.did, func(did string) bool { return strings.Contains(did, u.Text) }) {
			missed = append(missed, fmt.Sprintf("%s: %s", u.Kind, u.Text))
		}
	}
	if slices.ContainsFunc(r.st.Unshown, func(u Unshown) bool { return u.Since.Equal(r.st.Started) }) {
		r.say("the desktop shows no notice (%s): the next run tries again", why)
	}
	return missed
}

// onDesktop returns what could not be shown, and why.
func (r *run) onDesktop(all []Unshown) (left []Unshown, why string) {
	if n := len(all) - 1; n >= mostNotices {
		text := fmt.Sprintf("%s And %d more. See: keycare schedule status, keycare audit", all[0].Text, n)
		if err := r.Notify(Notice{Kind: Several, Text: text}); err != nil {
			return all, firstLine(err)
		}
		return nil, ""
	}
	for _, u := range all {
		if err := r.Notify(Notice{Kind: u.Kind, About: u.About, Text: u.Text}); err != nil {
			left, why = append(left, u), firstLine(err)
		}
	}
	return left, why
}

// holds reports whether it is still worth showing. Trouble is over if a run that
// has looked at everything does not find it any more.
func (r *run) holds(u Unshown) bool {
	if age := r.st.Started.Sub(u.Since); age > forget || age < 0 {
		return false
	}
	return !r.whole || u.Kind == Done || slices.ContainsFunc(r.notices, func(n Notice) bool { return n.About == u.About })
}
