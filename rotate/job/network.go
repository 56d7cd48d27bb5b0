package job

import (
	"context"
	"errors"
	"slices"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/rotate/ask"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// mostWays bounds how many ways to AWS are looked at for the network, mostAsked
// how many profiles are looked at for ways.
const mostWays, mostAsked = 8, 64

// Network is the ways by which a run gets to AWS.
type Network struct {
	Disk  disk.FS
	Paths credfile.Paths
	State state.Folder
	// Care are the profiles whose keys the run may rotate.
	Care []string
	// Barred says which keys AWS is not asked about; may be nil.
	Barred func(profile, keyID string) bool
}

// Reach returns nil if AWS answers by any of the ways that the run may go: those
// of the profiles in its care, of rotations that are open, and of the keys that
// the audit asks about. One dead endpoint says nothing about the network.
func (n Network) Reach(ctx context.Context) error {
	ways := n.ways(ctx)
	answers := make(chan error, len(ways))
	for _, way := range ways {
		go func() { answers <- way.Reaches(ctx) }()
	}
	var failed []error
	for range ways {
		err := <-answers
		if err == nil {
			return nil
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// ways are those that differ in the place that they lead to, by its name. There
// is none where the files cannot be read: the audit says what is wrong with
// them.
func (n Network) ways(ctx context.Context) map[string]*client.AWS {
	set, err := credfile.Load(n.Disk, n.Paths)
	if err != nil {
		return nil
	}
	var profiles []string
	asker := ask.Asker{Set: set, Profiles: set.Profiles(), Barred: n.Barred}
	for _, ask := range asker.Plan() {
		profiles = append(profiles, ask.Profile)
	}
	open, _ := n.State.Journals() // Resume says what is wrong with them
	matters := func(p string) bool {
		return slices.Contains(n.Care, p) || slices.ContainsFunc(open, func(j *state.Journal) bool { return j.Profile == p })
	}
	profiles = append(slices.DeleteFunc(slices.Clone(profiles), func(p string) bool { return !matters(p) }), profiles...)
	ways := map[string]*client.AWS{}
	for _, p := range profiles[:min(len(profiles), mostAsked)] {
		way, err := client.Connect(ctx, n.Paths, p)
		if err != nil {
			continue // that is no matter of the network; the audit tells it
		}
		if ways[way.Where()] = way; len(ways) == mostWays {
			break
		}
	}
	return ways
}
