package credfile

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keycare/credfile/nasty"
)

// fuzzMax bounds the texts: a quirk needs few lines.
const fuzzMax = 4096

// fuzzSeeds calls add with every pair of texts that the other tests read.
func fuzzSeeds(f *testing.F, add func(credentials, config string)) {
	for _, c := range diagnosticCases {
		if c.kind == ConfigFile {
			add("", c.text)
		} else {
			add(c.text, "")
		}
	}
	for _, c := range planRefusals {
		add(c.credentials, c.config)
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 60 {
		add(nasty.Text(r), nasty.Text(r))
	}
	if os.Getenv("KEYCARE_CONFORMANCE_DIR") == "" {
		return
	}
	for _, c := range readingCases(f) {
		if len(c.Credentials)+len(c.Config) < fuzzMax {
			add(string(c.Credentials), string(c.Config))
		}
	}
	for _, c := range parserCases(f) {
		add(c.Input.CredentialsFile, c.Input.ConfigFile)
	}
}

// FuzzParse holds the line scanner to its promise and our port of the SDK's
// reading to the SDK, on any two texts.
func FuzzParse(f *testing.F) {
	fuzzSeeds(f, func(credentials, config string) { f.Add(credentials, config) })
	disk := newFuzzFiles(f)
	f.Fuzz(func(t *testing.T, credentials, config string) {
		if len(credentials)+len(config) > fuzzMax {
			t.Skip()
		}
		paths := disk.write(t, credentials, config)
		s := NewSet(paths, credentials, config)
		for _, file := range s.Files() {
			tiles(t, file)
			for _, d := range file.Diagnostics() {
				if _, ok := QuirkTexts[d.Quirk]; !ok {
					t.Errorf("quirk %q has no text", d.Quirk)
				}
			}
		}
		for i, profile := range s.Profiles() {
			if i == 8 {
				break
			}
			holdToSDK(t, s, profile)
			_, _ = s.Agreed(profile) // reads with ini.v1 too
		}
	})
}

// holdToSDK fails where our port of the SDK's reading differs from the SDK.
func holdToSDK(t *testing.T, s *Set, profile string) {
	t.Helper()
	if sdkOtherSection(profile) {
		return
	}
	port := s.SDK(profile)
	sdk, rejected := loadWithSDK(context.Background(), s.Paths, profile)
	panics := strings.Contains(sdk.None, "panics")
	half := strings.Contains(port.None, "without its secret")
	source := sdkProfile{s, profile}.value("source_profile")
	switch {
	case panics != (port.Refused != nil):
		t.Errorf("profile %q: port refuses %+v, SDK: %s", profile, port.Refused, sdk.None)
	case panics:
	case rejected != (half || s.SDKRejects(profile) != nil):
		t.Errorf("profile %q: the SDK rejects it: %v; port: %+v, %s", profile, rejected, s.SDKRejects(profile), port.says())
	case rejected || source != "" && source != profile: // another profile's key, for a role
	case (sdk.None == "") != (port.None == "") || (sdk.None == noProfile) != (port.None == noProfile):
		t.Errorf("profile %q: port reads %s, SDK %s", profile, port.says(), sdk.says())
	case sdk.None == "" && !sdk.same(port):
		t.Errorf("profile %q: port reads %q, SDK %q (secrets %q, %q; tokens %q, %q)", profile, port.Pair.ID, sdk.Pair.ID,
			port.Pair.Secret.Reveal(), sdk.Pair.Secret.Reveal(), port.Token.Reveal(), sdk.Token.Reveal())
	}
}

// sdkOtherSection reports whether the SDK takes the name for a section of
// another kind, which its loader would also load as a profile.
func sdkOtherSection(name string) bool {
	return strings.HasPrefix(name, "sso-session ") || strings.HasPrefix(name, "services ")
}

// FuzzEdit swaps a planted pair in any two texts: what Plan allows must be read
// by all and must leave everything else alone.
func FuzzEdit(f *testing.F) {
	fuzzSeeds(f, func(credentials, config string) {
		f.Add(credentials, config, uint16(0), false, true)
		f.Add(credentials, config, uint16(9999), false, true)
		f.Add(credentials, config, uint16(9999), true, true)
	})
	disk := newFuzzFiles(f)
	old := Pair{"AKIAZAVB57H55F3T4OLD", NewSecret("old+secret/old+secret/old+secret/old+sec")}
	sw := Swap{From: []Pair{old}, To: Pair{"AKIAZAVB57H55F3T4NEW", NewSecret("New+Secret/New+Secret/New+Secret/New+Sec")}}
	f.Fuzz(func(t *testing.T, credentials, config string, at uint16, inConfig, withHeader bool) {
		if len(credentials)+len(config) > fuzzMax {
			t.Skip()
		}
		into, header := &credentials, "[planted]\n"
		if inConfig {
			into, header = &config, "[profile planted]\n"
		}
		if !withHeader {
			header = ""
		}
		i := min(int(at), len(*into))
		*into = (*into)[:i] + header + nameID + " = " + old.ID + "\n" + nameSecret + " = " + old.Secret.Reveal() + "\n" + (*into)[i:]
		before := NewSet(disk.write(t, credentials, config), credentials, config)
		plan, err := before.Plan(sw)
		if err != nil {
			if strings.Contains(err.Error(), old.Secret.Reveal()[4:]) || strings.Contains(err.Error(), sw.To.Secret.Reveal()[4:]) {
				t.Errorf("the error shows a secret: %v", err)
			}
			return
		}
		checkEdit(t, plan, func(text [2]string) Paths { return disk.write(t, text[0], text[1]) })
	})
}

// checkEdit proves a plan's promises by other means than Plan does.
func checkEdit(t *testing.T, plan *Plan, write func([2]string) Paths) {
	t.Helper()
	var texts [2]string
	from, to := plan.Swap.From[0], plan.Swap.To
	back := strings.NewReplacer(to.ID, from.ID, to.Secret.Reveal(), from.Secret.Reveal())
	for k, f := range plan.After.Files() {
		texts[k] = f.Text
		if got := back.Replace(f.Text); got != plan.Before.Files()[k].Text {
			t.Errorf("%s file: bytes outside the pair changed:\n%q\n%q", FileKind(k), plan.Before.Files()[k].Text, f.Text)
		}
	}
	type readings struct{ before Reading }
	seen := map[string]readings{}
	profiles := plan.Before.Profiles()
	paths := write([2]string{plan.Before.Credentials.Text, plan.Before.Config.Text})
	for _, p := range profiles {
		seen[p] = readings{before: LoadWithSDK(context.Background(), paths, p)}
	}
	paths = write(texts)
	for _, pl := range plan.Places {
		if got := LoadWithSDK(context.Background(), paths.Alone(pl.Kind), pl.Profile); !got.Pair.Equal(to) && (sdkProfile{plan.Before, pl.Profile}).value("source_profile") == "" {
			t.Errorf("%s: the SDK reads %s after the edit", pl, got.says())
		}
		if got := plan.After.only(pl.Kind).CLI(pl.Profile); got.None != "" || !got.Pair.Equal(to) {
			t.Errorf("%s: the CLI reads %s after the edit", pl, got.says())
		}
	}
	for _, p := range profiles {
		b, a := seen[p].before, LoadWithSDK(context.Background(), paths, p)
		if b.None == "" && b.Pair.ID == from.ID {
			b.Pair.ID = to.ID
		}
		if b.None == "" && b.Pair.Secret.Equal(from.Secret) {
			b.Pair.Secret = to.Secret
		}
		if b.None != a.None || b.None == "" && !a.same(b) {
			t.Errorf("profile %q: the SDK reads %s before and %s after", p, seen[p].before.says(), a.says())
		}
	}
	undo, err := plan.After.Plan(Swap{From: []Pair{to}, To: from})
	if err != nil {
		t.Errorf("the edit cannot be undone: %v", err)
		return
	}
	for k, f := range undo.After.Files() {
		if f.Text != plan.Before.Files()[k].Text {
			t.Errorf("%s file: undone, it is %q, not %q", FileKind(k), f.Text, plan.Before.Files()[k].Text)
		}
	}
}

// fuzzFiles is a pair of files that is written anew for each input.
type fuzzFiles struct{ paths Paths }

func newFuzzFiles(tb testing.TB) fuzzFiles {
	dir := tb.TempDir()
	return fuzzFiles{Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}}
}

func (f fuzzFiles) write(t *testing.T, credentials, config string) Paths {
	t.Helper()
	for path, text := range map[string]string{f.paths.Credentials: credentials, f.paths.Config: config} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return f.paths
}
