package rotate

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

// leftBehind is what the first version left when it was stopped: its journal as
// it wrote it, but for names that stand for what differs each time, and the world
// around it.
type leftBehind struct {
	Kind     string            `json:"kind"`
	Now      time.Time         `json:"now"`
	Keys     map[string]string `json:"keys"`     // status at IAM of OLD and NEW
	Places   map[string]string `json:"places"`   // which of the two each place holds
	Recovery []string          `json:"recovery"` // which of the two the recovery file has; null where there is none
	Journal  json.RawMessage   `json:"journal"`
}

// Rotations that the first version left open, after each of its writes, come to
// their end with this one: plain, deactivating, with a grace, undone, with replies
// or requests lost, of a root key.
func TestUpgradeFinishesOpenRotations(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the journals have paths of Unix")
	}
	f, err := os.Open("testdata/upgrade/version1.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kinds := map[string]int{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var left leftBehind
		if err := json.Unmarshal(lines.Bytes(), &left); err != nil {
			t.Fatalf("line %d: %v", n, err)
		}
		kinds[left.Kind]++
		w, old := left.world(t)
		if js, err := w.options().State.Journals(); err != nil || len(js) != 1 {
			t.Fatalf("line %d: the journal is not understood: %v", n, err)
		}
		w.checkEvery()
		if left.Kind == "root" && left.unproved() {
			for range 3 {
				_, err := New(*w.options()).Resume(t.Context())
				w.saw(err)
				w.passes(day)
			}
			w.checkClosed()
			w.checkSecrets()
			w.iam.Close()
			continue
		}
		if left.Kind == "root" {
			w.finishRoot()
			continue
		}
		finishUpgraded(w)
		switch keys := w.iam.Keys(user); {
		case left.unproved():
			for _, k := range keys {
				if p := w.inFiles(); k.ID != p.ID && k.Status != awstest.Inactive {
					t.Errorf("key %s, which nobody has the secret of, is %s", k.ID, k.Status)
				}
			}
		case left.Kind == "deactivate" && len(keys) == 2:
			if !slices.ContainsFunc(keys, func(k awstest.KeyInfo) bool { return k.ID == old.ID && k.Status == "Inactive" }) {
				t.Errorf("two keys, and the old one is active: %v", keys)
			}
		case left.Kind != "lost": // whose key that is cannot be proved any more
			w.checkKeys(1)
		}
		if t.Failed() {
			t.Fatalf("line %d: %s\n%s", n, lines.Bytes(), w.said.String())
		}
		w.iam.Close()
	}
	if err := lines.Err(); err != nil || len(kinds) < 7 {
		t.Errorf("only %v, %v", kinds, err)
	}
}

// unproved reports whether nobody has the secret of the new key: the first version
// put no token into its requests, so nothing proves whose that key is.
func (left *leftBehind) unproved() bool {
	for _, holds := range left.Places {
		if holds == "NEW" {
			return false
		}
	}
	return left.Keys["NEW"] == "Active" && !slices.Contains(left.Recovery, "NEW")
}

// finishUpgraded resumes until nothing is open any more, with days in between for
// what has to wait.
func finishUpgraded(w *world) {
	w.t.Helper()
	var err error
	for range 6 {
		_, err = New(*w.options()).Resume(w.t.Context())
		w.saw(err)
		w.checkEvery()
		js, open := w.options().State.Journals()
		if err = errors.Join(err, open); err == nil && len(js) == 0 {
			break
		}
		_ = w.clock.Wait(w.t.Context(), 26*time.Hour)
	}
	if err != nil {
		w.t.Errorf("resume: %v", err)
	}
	w.checkWorking()
	w.checkClosed()
	w.checkSecrets()
}

// world is made anew as it was when the first version stopped.
func (left *leftBehind) world(t *testing.T) (*world, awstest.Key) {
	t.Helper()
	w := newWorld(t)
	w.clock.set(left.Now)
	journal := string(left.Journal)
	var fresh awstest.Key
	id := w.userID()
	if strings.Contains(journal, `"root_swap"`) {
		w.iam.DeleteKey(w.old.ID)
		w.old = w.iam.AddRootKey("", w.clock.Now().Add(-900*day))
		w.iam.RequireAdmin(true)
		w.iam.AddGroup(rootNames.Group)
		w.iam.SetGroupPolicies(rootNames.Group, []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, nil)
		w.iam.AddMember(rootNames.Group, user)
	}
	if _, ok := left.Keys["NEW"]; ok {
		fresh = w.iam.AddKey(user, left.Now)
	}
	for name, key := range map[string]awstest.Key{"OLD": w.old, "NEW": fresh} {
		switch status := left.Keys[name]; {
		case key.ID == "":
		case status == "":
			w.iam.DeleteKey(key.ID)
		case status != "Active":
			w.iam.SetKeyStatus(key.ID, status)
		}
	}
	if fresh.ID == "" { // deleted by then, but named
		fresh = awstest.Key{ID: "AKIAQAAAAAAAQAAAAAAZ", Secret: strings.Repeat("n", 40)}
	}
	byName := map[string]awstest.Key{"OLD": w.old, "NEW": fresh}
	credentials, config := w.credentials, w.config
	head, tail, _ := strings.Cut(credentials, "[other]")
	put := func(text, place string) string {
		return w.text(text, byName[left.Places[place]].ID, byName[left.Places[place]].Secret)
	}
	credentials = put(head, "credentials default") + "[other]" + put(tail, "credentials twin")
	config = put(config, "config third")
	if err := errors.Join(os.WriteFile(w.paths.Credentials, []byte(credentials), 0o600), os.WriteFile(w.paths.Config, []byte(config), 0o600)); err != nil {
		t.Fatal(err)
	}
	s := w.options().State
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("$OLD", w.old.ID, "$NEW", fresh.ID, "$USER", id, "$DIR", w.dir).Replace(journal)
	const rotation = "0123456789ab"
	if err := os.WriteFile(filepath.Join(s.RotationsDir(), rotation+".json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	left.recover(t, s, rotation, byName)
	return w, w.old
}

func (left *leftBehind) recover(t *testing.T, s state.Folder, rotation string, byName map[string]awstest.Key) {
	t.Helper()
	pair := func(name string) credfile.Pair {
		return credfile.Pair{ID: byName[name].ID, Secret: credfile.NewSecret(byName[name].Secret)}
	}
	for i, name := range left.Recovery {
		write := s.KeepNew
		if i == 0 {
			write = s.OpenRecovery
		}
		if err := write(rotation, pair(name)); err != nil {
			t.Fatal(err)
		}
	}
}

// userID is alice's, as STS says it.
func (w *world) userID() string {
	w.t.Helper()
	a, err := w.connect(w.t.Context(), w.paths, "default")
	if err != nil {
		w.t.Fatal(err)
	}
	id, _, err := a.Identity(w.t.Context(), credfile.Pair{ID: w.old.ID, Secret: credfile.NewSecret(w.old.Secret)})
	if err != nil {
		w.t.Fatal(err)
	}
	return id.UserID
}
