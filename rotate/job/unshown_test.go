package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"keycare/rotate"
)

func (b *bench) log() string {
	b.t.Helper()
	log, err := os.ReadFile(LogPath(b.State))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		b.t.Fatal(err)
	}
	return string(log)
}

func (b *bench) noDesktop() { b.Notify = func(Notice) error { return errors.New("no session bus") } }

func (b *bench) desktop() {
	b.Notify = func(n Notice) error { b.shown = append(b.shown, n); return nil }
}

// What the desktop could not show, the next runs show, those with nothing to do
// too. It is in the log once, and in the stamp until then.
func TestRunNoDesktop(t *testing.T) {
	b := newBench(t)
	b.Audit = func(context.Context) (*Audit, error) {
		return &Audit{Fails: true, Summary: "1 high", Findings: []Finding{{"f1", "a root key", "keycare replace-root"}}}, errors.New("broken\nfile")
	}
	b.noDesktop()
	if res := b.run(); res.Outcome != Failed || len(res.Notices) != 2 {
		t.Errorf("%+v", res)
	}
	first := b.log()
	for _, want := range []string{"no session bus", "needs you: a root key. keycare replace-root"} {
		if strings.Count(first, want) != 1 {
			t.Errorf("not once in the log: %q\n%s", want, first)
		}
	}
	if strings.Contains(first, "\nfile") || len(b.stamp().Unshown) != 2 {
		t.Errorf("log %q, unshown %+v", first, b.stamp().Unshown)
	}
	for range 3 { // nothing is due
		b.now = b.now.Add(4 * time.Hour)
		b.run()
	}
	if got := b.log(); got != first || len(b.stamp().Unshown) != 2 {
		t.Errorf("the log grew: %s", got)
	}
	b.now = b.now.Add(24 * time.Hour)
	b.run()
	if grown := strings.TrimPrefix(b.log(), first); strings.Contains(grown, "desktop") || strings.Contains(grown, "root key") {
		t.Errorf("told again: %s", grown)
	}
	b.desktop()
	b.now = b.now.Add(4 * time.Hour)
	if b.run(); len(b.shown) != 2 || len(b.stamp().Unshown) != 0 {
		t.Errorf("shown %+v, unshown %+v", b.shown, b.stamp().Unshown)
	}
	b.now = b.now.Add(4 * time.Hour)
	if b.run(); len(b.shown) > 0 {
		t.Errorf("shown twice: %+v", b.shown)
	}
}

// What has been mended meanwhile is not shown any more; that a key was replaced is.
func TestUnshownIsOver(t *testing.T) {
	b := newBench(t)
	audit, rotating := b.Audit, b.Rotate
	b.Audit = func(context.Context) (*Audit, error) {
		return &Audit{Fails: true, Findings: []Finding{{"f1", "a root key", ""}}}, nil
	}
	b.Rotate = func(context.Context) ([]rotate.Result, error) {
		return []rotate.Result{{Outcome: rotate.Rotated, Profile: "work", Old: "AKIAOLD", New: "AKIANEW"}}, nil
	}
	b.noDesktop()
	b.run()
	b.Audit, b.Rotate = audit, rotating
	b.now = b.now.Add(24 * time.Hour)
	b.run()
	if left := b.stamp().Unshown; len(left) != 1 || left[0].Kind != Done {
		t.Errorf("%+v", left)
	}
	b.now = b.now.Add(forget + time.Hour)
	if b.run(); len(b.stamp().Unshown) > 0 {
		t.Errorf("not forgotten: %+v", b.stamp().Unshown)
	}
}

// Many stay what they are until the desktop has shown the one that tells of them.
func TestUnshownMerged(t *testing.T) {
	b := newBench(t)
	b.Audit = func(context.Context) (*Audit, error) {
		a := &Audit{Fails: true}
		for i := range mostUnshown + 5 {
			a.Findings = append(a.Findings, Finding{fmt.Sprint("f", i), fmt.Sprint("finding ", i), ""})
		}
		return a, nil
	}
	b.noDesktop()
	if b.run(); len(b.stamp().Unshown) != mostUnshown {
		t.Errorf("%d", len(b.stamp().Unshown))
	}
	b.desktop()
	b.now = b.now.Add(4 * time.Hour)
	if b.run(); len(b.shown) != 1 || !strings.Contains(b.shown[0].Text, "49 more") || len(b.stamp().Unshown) > 0 {
		t.Errorf("%+v", b.shown)
	}
}

// What may be a secret by what the person gave is in none of the files.
func TestRunCleans(t *testing.T) {
	const secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab"
	b := newBench(t)
	b.Clean = func(text string) string { return strings.ReplaceAll(text, secret, "[redacted]") }
	b.Audit = func(context.Context) (*Audit, error) {
		return &Audit{Fails: true, Summary: "1 high in " + secret, Findings: []Finding{{"f1", "region " + secret, ""}}}, errors.New("no host " + secret)
	}
	b.noDesktop()
	res := b.run()
	stamp, err := os.ReadFile(stampPath(b.State))
	if err != nil {
		t.Fatal(err)
	}
	all := b.log() + string(stamp) + fmt.Sprint(res.Notices, res.Did)
	if strings.Contains(all, secret) || strings.Count(all, "[redacted]") < 6 {
		t.Errorf("%s", all)
	}
}
