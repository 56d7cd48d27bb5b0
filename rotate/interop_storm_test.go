package rotate

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keycare/credfile"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// storm is two homes that hold the same key of one user, each with the real
// program behind a proxy of its own, which drops requests and replies and says
// when to kill.
type storm struct {
	t      *testing.T
	exe    string
	seed   uint64                   // of all that is left to chance
	begin  func(n int) *account     // one user with one key
	counts map[string]*atomic.Int64 // what happened, for the log
}

func (s *storm) count(what string) { s.counts[what].Add(1) }

// meet lets both homes rotate at the same time, each twice, with a resume between,
// and says what has become of them.
func (s *storm) meet(n int) {
	t := s.t
	at := s.begin(n)
	var homes [2]*stormHome
	for i, name := range []string{"a", "b"} {
		homes[i] = s.home(name, at, rand.New(rand.NewPCG(s.seed+uint64(n), uint64(i))))
		defer homes[i].proxy.Close()
	}
	var wg sync.WaitGroup
	var talk [2]strings.Builder
	for i, h := range homes {
		wg.Go(func() {
			for _, args := range [][]string{{"rotate", "--yes", "--timeout", "4s"}, {"resume", "--yes"}, {"rotate", "--yes", "--timeout", "4s"}} {
				h.weather(false)
				code, out := h.run(args...)
				fmt.Fprintf(&talk[i], "%s %v: exit %d\n%s\n", h.name, args, code, out)
			}
		})
	}
	wg.Wait()
	fail := func(format string, args ...any) {
		t.Errorf("run %d, seed %d: %s\n%s%s", n, s.seed, fmt.Sprintf(format, args...), talk[0].String(), talk[1].String())
	}
	for i, h := range homes {
		code, out := h.settle()
		fmt.Fprintf(&talk[i], "%s resume in the end: exit %d\n%s\n", h.name, code, out)
	}
	var with, without []*stormHome
	for _, h := range homes {
		if at.works(h.pair()) {
			with = append(with, h)
			s.count("homes with a working key")
		} else {
			without = append(without, h)
			s.count("homes without, that say so")
		}
	}
	if len(with) == 0 {
		fail("no home has a working key; the user's keys are %v", at.keys())
		return
	}
	for _, h := range without {
		id := h.pair().ID
		if _, out := h.run("audit", "--details"); !strings.Contains(out, "key-rejected") && !strings.Contains(out, "key-replaced") || !strings.Contains(out, id) {
			fail("home %s holds key %s, which does not work, and the audit does not say so:\n%s", h.name, id, out)
		}
		h.put(with[0].pair()) // as it says: the key of the other machine
	}
	for i, h := range homes {
		code, out := h.settle()
		if code == 4 {
			s.count("rotations that a person closed")
			code, out = h.run("resume", "--yes", "--keep-both")
		}
		fmt.Fprintf(&talk[i], "%s resume at last: exit %d\n%s\n", h.name, code, out)
		if code != 0 && code != 3 || h.inFlight() && at.passes != nil {
			fail("home %s: resume does not end: exit %d", h.name, code)
		}
		if p := h.pair(); !at.works(p) {
			fail("home %s holds key %s, which does not work", h.name, p.ID)
		}
		for _, id := range h.deleted {
			s.count("keys deleted")
			if id != at.old.ID && !h.made[id] && homes[1-i].made[id] {
				fail("home %s deleted key %s, which home %s made", h.name, id, homes[1-i].name)
			}
		}
	}
}

// blow runs so many meetings, a few at a time, and logs what happened.
func (s *storm) blow(runs, together int) {
	s.counts = map[string]*atomic.Int64{}
	for _, what := range []string{"kills", "requests lost", "replies lost", "keys deleted", "homes with a working key", "homes without, that say so", "rotations that a person closed"} {
		s.counts[what] = &atomic.Int64{}
	}
	if s.seed = uint64(time.Now().UnixNano()); os.Getenv("KEYCARE_SEED") != "" {
		s.seed, _ = strconv.ParseUint(os.Getenv("KEYCARE_SEED"), 10, 64)
	}
	s.t.Logf("seed %d (KEYCARE_SEED)", s.seed)
	room := make(chan struct{}, together)
	var wg sync.WaitGroup
	for n := range runs {
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			s.meet(n)
		})
	}
	wg.Wait()
	for what, n := range s.counts {
		s.t.Logf("%d runs: %d %s", runs, n.Load(), what)
	}
}

func buildKeycare(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "keycare.exe")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", exe, "keycare")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

// Two machines with the same key rotate at the same time, are killed and lose
// requests and replies; CloudTrail can be asked.
func TestStormOfTwoMachines(t *testing.T) {
	testrun.NotShort(t)
	s := &storm{t: t, exe: buildKeycare(t), begin: func(int) *account {
		var ahead atomic.Int64
		const name = "ann"
		server := awstest.New(t, awstest.Options{AnyRegion: true, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
		server.SetTrailDelay(trailDelay)
		server.AddUser(awstest.User{Name: name})
		k := server.AddKey(name, time.Now().AddDate(0, 0, -100))
		return &account{url: server.URL(), old: credfile.Pair{ID: k.ID, Secret: credfile.NewSecret(k.Secret)},
			works:  func(p credfile.Pair) bool { _, ok := server.Valid(p.ID, p.Secret.Reveal()); return ok },
			passes: func() { ahead.Add(int64(10 * time.Minute)) },
			keys: func() (ids []string) {
				for _, k := range server.Keys(name) {
					ids = append(ids, k.ID+" "+k.Status)
				}
				return ids
			},
		}
	}}
	if testrun.IsLong() {
		s.blow(60, 10)
	} else {
		s.blow(2, 2)
	}
}

// The same against moto, with its signature checks on. It has no CloudTrail and
// its time cannot be moved.
func TestInteropMotoStorm(t *testing.T) {
	m := startMoto(t)
	m.env = []string{"AWS_ACCESS_KEY_ID=setup", "AWS_SECRET_ACCESS_KEY=setup"}
	const all = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	m.must(nil, "iam", "create-user", "--user-name", "admin")
	m.must(nil, "iam", "put-user-policy", "--user-name", "admin", "--policy-name", "all", "--policy-document", all)
	var made struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	m.must(&made, "iam", "create-access-key", "--user-name", "admin")
	cfg := aws.Config{Region: client.DefaultRegion, BaseEndpoint: aws.String(m.url),
		Credentials: credentials.NewStaticCredentialsProvider(made.AccessKey.AccessKeyId, made.AccessKey.SecretAccessKey, "")}
	admin, way := iam.NewFromConfig(cfg), client.FromConfig(cfg)
	s := &storm{t: t, exe: buildKeycare(t), begin: func(n int) *account {
		name := aws.String(fmt.Sprintf("user%d", n))
		_, err := admin.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name})
		if err == nil {
			_, err = admin.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("all"), PolicyDocument: aws.String(all)})
		}
		at := &account{url: m.url, works: func(p credfile.Pair) bool { _, _, err := way.Identity(t.Context(), p); return err == nil }}
		if err == nil {
			var k *iam.CreateAccessKeyOutput
			if k, err = admin.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: name}); err == nil {
				at.old = credfile.Pair{ID: *k.AccessKey.AccessKeyId, Secret: credfile.NewSecret(*k.AccessKey.SecretAccessKey)}
			}
		}
		if err != nil {
			t.Error(err)
		}
		at.keys = func() (ids []string) {
			list, err := admin.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: name})
			if err != nil {
				return []string{err.Error()}
			}
			for _, k := range list.AccessKeyMetadata {
				ids = append(ids, *k.AccessKeyId+" "+string(k.Status))
			}
			return ids
		}
		return at
	}}
	s.blow(50, 5)
}
