package rotate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/disk/diskfault"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// clock is the time of a test: waiting moves it on at once.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

func (c *clock) Wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.now = c.now.Add(d)
	return nil
}

// world is a home with two shared files, a state folder and an IAM.
type world struct {
	t     testing.TB
	iam   *awstest.Server
	clock *clock
	dir   string
	paths credfile.Paths
	disk  disk.FS        // its syncs do nothing: see diskfault.Unsynced
	http  aws.HTTPClient // one for all calls, or each would keep connections of its own
	old   awstest.Key
	start []string // the user's keys when a way began, in order of age
	said  strings.Builder
	heard bool // somebody was told what a leaked key did

	credentials, config string            // the files as templates, with OLD and OLDSECRET
	copies              map[string]string // templates too, by path
	after               []string          // the command of the settings
}

const user = "alice"

// trailDelay is how late CloudTrail shows an event here; at AWS mostly about so.
const trailDelay = 5 * time.Minute

// newWorld has one user, alice, with one key, which stands in three places of
// the two files.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, clock: newClock(), dir: testrun.TempDir(t), disk: diskfault.Unsynced{}, http: awshttp.NewBuildableClient()}
	w.iam = awstest.New(t, awstest.Options{Now: w.clock.Now})
	w.iam.SetTrailDelay(trailDelay)
	w.iam.AddUser(awstest.User{Name: user, Path: "/team/a/"})
	w.old = w.iam.AddKey(user, w.clock.Now().Add(-200*24*time.Hour))
	w.paths = credfile.Paths{Credentials: filepath.Join(w.dir, "aws", "credentials"), Config: filepath.Join(w.dir, "aws", "config")}
	w.credentials = "# mine\r\n[default]\r\naws_access_key_id = OLD\r\naws_secret_access_key = SECRET\r\n\r\n" +
		"[other]\naws_access_key_id=AKIAQAAAAAAAQAAAAAAA\naws_secret_access_key=" + strings.Repeat("o", 40) + "\n" +
		"\n[twin]\n\taws_secret_access_key\t=\tSECRET\n\taws_access_key_id\t=\tOLD"
	w.config = "[default]\nregion = us-east-1\n[profile third]\naws_access_key_id = OLD\naws_secret_access_key = SECRET\n# end\n"
	w.write(w.old.ID, w.old.Secret)
	return w
}

func (w *world) text(template, id, secret string) string {
	return strings.NewReplacer("OLD", id, "SECRET", secret).Replace(template)
}

func (w *world) write(id, secret string) {
	w.t.Helper()
	err := os.MkdirAll(filepath.Dir(w.paths.Credentials), 0o700)
	err = errors.Join(err, os.WriteFile(w.paths.Credentials, []byte(w.text(w.credentials, id, secret)), 0o600))
	err = errors.Join(err, os.WriteFile(w.paths.Config, []byte(w.text(w.config, id, secret)), 0o600))
	for path, template := range w.copies {
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(w.text(template, id, secret)), 0o600))
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// options are those of an unattended run with --yes.
func (w *world) options() *Options {
	o := &Options{
		Paths: w.paths, State: state.Folder{Dir: filepath.Join(w.dir, "local", "state", "keycare"), Disk: w.disk}, Disk: w.disk,
		Connect: w.connect, Now: w.clock.Now, Wait: w.clock.Wait, Yes: true,
		Say: func(format string, args ...any) { fmt.Fprintf(&w.said, format+"\n", args...) },
	}
	for path := range w.copies {
		o.Copies = append(o.Copies, path)
	}
	slices.Sort(o.Copies) // or each run would be another
	if w.after != nil {
		o.After = func([]string) [][]string { return [][]string{w.after} }
	}
	return o
}

// connect reaches the IAM of the test. The SDK's own retries are off: they wait
// by the real clock.
func (w *world) connect(context.Context, credfile.Paths, string) (*client.AWS, error) {
	return client.FromConfig(aws.Config{
		Region: client.DefaultRegion, BaseEndpoint: aws.String(w.iam.URL()), HTTPClient: w.http,
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}), nil
}

// inFiles returns the pair that the default profile holds and fails unless both
// files hold it in every place, with every other byte as it was.
func (w *world) inFiles() credfile.Pair {
	w.t.Helper()
	got := w.read(w.paths.Credentials)
	set := credfile.NewSet(w.paths, got, w.read(w.paths.Config))
	p, err := set.PairAt(credfile.CredentialsFile, "default")
	if err != nil {
		w.t.Fatalf("the credentials file holds no key: %v\n%s", err, got)
	}
	templates := maps.Clone(w.copies)
	if templates == nil {
		templates = map[string]string{}
	}
	templates[w.paths.Credentials], templates[w.paths.Config] = w.credentials, w.config
	for path, template := range templates {
		if got, want := w.read(path), w.text(template, p.ID, p.Secret.Reveal()); got != want {
			w.t.Errorf("%s:\n%q\nwant\n%q", path, got, want)
		}
	}
	return p
}

func (w *world) read(path string) string {
	w.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// checkWorking fails unless every place in the files holds a key that AWS
// accepts for alice.
func (w *world) checkWorking() {
	w.t.Helper()
	p := w.inFiles()
	if arn, ok := w.iam.Valid(p.ID, p.Secret.Reveal()); !ok || !strings.HasSuffix(arn, "/"+user) {
		w.t.Errorf("the files hold key %s, which does not work for %s (%q)", p.ID, user, arn)
	}
}

// checkKeys fails unless alice has between one and most keys.
func (w *world) checkKeys(most int) {
	w.t.Helper()
	if keys := w.iam.Keys(user); len(keys) < 1 || len(keys) > most {
		w.t.Errorf("%s has %d keys, want at most %d: %v", user, len(keys), most, keys)
	}
}

// checkClosed fails unless nothing of a rotation is left on disk.
func (w *world) checkClosed() {
	w.t.Helper()
	for _, e := range w.entries(filepath.Join(w.options().State.Dir, "rotations")) {
		w.t.Errorf("left in the state folder: %s", e)
	}
	for _, e := range w.entries(filepath.Join(w.dir, "aws")) {
		switch e {
		case "credentials", "config", ".credentials.keycare-lock", ".config.keycare-lock":
		default:
			w.t.Errorf("left beside the files: %s", e)
		}
	}
	for _, e := range w.entries(w.copiesDir()) {
		if _, ok := w.copies[filepath.Join(w.copiesDir(), e)]; !ok {
			w.t.Errorf("left beside the copies: %s", e)
		}
	}
}

func (w *world) entries(dir string) (names []string) {
	w.t.Helper()
	es, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.Fatal(err)
	}
	for _, e := range es {
		names = append(names, e.Name())
	}
	return names
}

// saw notes an error, which no secret may stand in either.
func (w *world) saw(err error) { fmt.Fprintln(&w.said, err) }

// checkSecrets fails if a secret stands where none may: anywhere but in the two
// files, and in recovery and staged files that only their owner reads.
func (w *world) checkSecrets() {
	w.t.Helper()
	secrets := w.iam.Secrets()
	look := func(where, text string) {
		for _, s := range secrets {
			if strings.Contains(text, s) {
				w.t.Errorf("a secret stands in %s", where)
			}
		}
	}
	look("what was said", w.said.String())
	err := filepath.WalkDir(w.dir, func(path string, e fs.DirEntry, err error) error {
		_, isCopy := w.copies[path]
		if err != nil || e.IsDir() || path == w.paths.Credentials || path == w.paths.Config || isCopy || path == w.taken() {
			return err
		}
		// A staged file and the link to the old one are swept by the next run.
		staged := (filepath.Dir(path) == filepath.Dir(w.paths.Credentials) || filepath.Dir(path) == w.copiesDir()) && strings.HasPrefix(e.Name(), ".keycare-")
		if fi, err := e.Info(); err == nil && (staged || strings.HasSuffix(path, ".recovery")) && (runtime.GOOS == "windows" || fi.Mode().Perm() == 0o600) {
			return nil
		}
		look(path, w.read(path))
		return nil
	})
	if err != nil {
		w.t.Error(err)
	}
}
