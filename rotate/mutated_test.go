package rotate

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

// mutator changes one reply on its way.
type mutator struct {
	inner aws.HTTPClient
	at    int // the reply, counted from 0
	body  func(text string) string

	mu   sync.Mutex
	n    int
	done string // what was changed
}

func (m *mutator) Do(req *http.Request) (*http.Response, error) {
	resp, err := m.inner.Do(req)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.n++; m.n-1 != m.at {
		return resp, nil
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	text := m.body(string(b))
	m.done = text
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader([]byte(text))), int64(len(text))
	resp.Header.Set("Content-Length", fmt.Sprint(len(text)))
	return resp, nil
}

var leafElement = regexp.MustCompile(`<([A-Za-z]+)>([^<>]*)</([A-Za-z]+)>`)

// mutations change one field of a reply: the value, and what it would be for
// another user, of the same account and of another one.
var mutations = map[string]func(name, value string, w *mutatedWorld) string{
	"empty":     func(name, _ string, _ *mutatedWorld) string { return "<" + name + "></" + name + ">" },
	"away":      func(string, string, *mutatedWorld) string { return "" },
	"twice":     func(name, value string, _ *mutatedWorld) string { return element(name, value) + element(name, value) },
	"another's": func(name, value string, w *mutatedWorld) string { return element(name, w.of(name, value, "bob")) },
	"another, then it": func(name, value string, w *mutatedWorld) string {
		return element(name, w.of(name, value, "bob")) + element(name, value)
	},
	"it, then another": func(name, value string, w *mutatedWorld) string {
		return element(name, value) + element(name, w.of(name, value, "bob"))
	},
	"another account's": func(name, value string, w *mutatedWorld) string {
		return element(name, w.of(name, value, "123456789013:carol"))
	},
	"the old key's":     func(name, value string, w *mutatedWorld) string { return element(name, w.of(name, value, user)) },
	"made up":           func(name, value string, _ *mutatedWorld) string { return element(name, madeUp(value)) },
	"half":              func(name, value string, _ *mutatedWorld) string { return element(name, value[:len(value)/2]) },
	"doubled":           func(name, value string, _ *mutatedWorld) string { return element(name, value+value) },
	"with a space":      func(name, value string, _ *mutatedWorld) string { return element(name, value+" ") },
	"with a line's end": func(name, value string, _ *mutatedWorld) string { return element(name, value+"\n[default]\n") },
	"in other case":     func(name, value string, _ *mutatedWorld) string { return element(name, strings.ToLower(value)) },
	"a number":          func(name, _ string, _ *mutatedWorld) string { return element(name, "0") },
	"the other status": func(name, value string, _ *mutatedWorld) string {
		return element(name, map[string]string{"Active": "Inactive", "true": "false", "false": "true"}[value])
	},
	"all fields another": nil, // every field of the reply, as it were the other user's
}

func element(name, value string) string { return "<" + name + ">" + value + "</" + name + ">" }

// madeUp turns letters round, so that the kind of thing stays.
func madeUp(value string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'B' && r <= 'Y' && r != 'I' && r != 'K' && r != 'A':
			return r + 1
		case r >= 'b' && r <= 'y':
			return r + 1
		}
		return r
	}, value)
}

// mutatedWorld has two users more, bob and carol, with a key each.
type mutatedWorld struct {
	*world
	keys map[string]awstest.Key
}

func newMutatedWorld(t testing.TB) *mutatedWorld {
	w := &mutatedWorld{world: newWorld(t), keys: map[string]awstest.Key{}}
	w.iam.AddAccount("123456789013", "aws")
	for _, name := range []string{"bob", "123456789013:carol"} {
		account, plain, other := strings.Cut(name, ":")
		if !other {
			account, plain = "", name
		}
		w.iam.AddUser(awstest.User{Account: account, Name: plain})
		w.keys[name] = w.iam.AddKey(name, w.clock.Now().Add(-100*day))
	}
	w.keys[user] = w.old
	return w
}

// of is what a field would be for another user.
func (w *mutatedWorld) of(field, value, name string) string {
	account, plain := "", name
	if a, n, ok := strings.Cut(name, ":"); ok {
		account, plain = a, n
	}
	for _, u := range w.iam.Users(account) {
		if u.Name != plain {
			continue
		}
		switch field {
		case "Arn":
			return u.ARN
		case "UserId":
			return u.ID
		case "Account":
			return u.Account
		case "UserName":
			return u.Name
		case "AccessKeyId":
			return w.keys[name].ID
		case "SecretAccessKey":
			return w.keys[name].Secret
		}
	}
	return value
}

// mutateOne returns a change of the n-th field of a reply, counted round.
func (w *mutatedWorld) mutateOne(kind string, n int) func(string) string {
	return func(text string) string {
		if kind == "all fields another" {
			return leafElement.ReplaceAllStringFunc(text, func(e string) string {
				m := leafElement.FindStringSubmatch(e)
				return element(m[1], w.of(m[1], m[2], "bob"))
			})
		}
		all := leafElement.FindAllStringSubmatchIndex(text, -1)
		if len(all) == 0 {
			return text
		}
		at := all[n%len(all)]
		return text[:at[0]] + mutations[kind](text[at[2]:at[3]], text[at[4]:at[5]], w) + text[at[1]:]
	}
}

// A reply that was changed on its way, in any field and any kind, never puts
// another user's key into the files, and no key of another user's is touched.
func TestMutatedReplies(t *testing.T) {
	testrun.NotShort(t)
	runs := 120
	if os.Getenv("KEYCARE_LONG") != "" {
		runs = 2000
	}
	kinds := make([]string, 0, len(mutations))
	for kind := range mutations {
		kinds = append(kinds, kind)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	changed := 0
	for run := range runs {
		w := newMutatedWorld(t)
		at, field, kind := rnd.IntN(9), rnd.IntN(12), kinds[run%len(kinds)]
		m := &mutator{inner: w.http, at: at, body: w.mutateOne(kind, field)}
		w.http = m
		_, err := New(*w.options()).Rotate(t.Context(), "default")
		if m.done != "" {
			changed++
		}
		w.http = m.inner
		w.checkHalf()
		w.finishMutated()
		if t.Failed() {
			t.Fatalf("run %d: reply %d, field %d, %s: %v\n%s", run, at, field, kind, err, m.done)
		}
	}
	t.Logf("%d runs, %d replies changed in %d ways", runs, changed, len(kinds))
	if changed < runs/2 {
		t.Errorf("only %d replies were changed", changed)
	}
}

// finishMutated is finish, and holds the other users against what they had.
func (w *mutatedWorld) finishMutated() {
	w.t.Helper()
	for name, k := range w.keys {
		if name == user {
			continue
		}
		if keys := w.iam.Keys(name); len(keys) != 1 || keys[0].ID != k.ID || keys[0].Status != awstest.Active {
			w.t.Errorf("%s has %v", name, keys)
		}
	}
	for _, path := range []string{w.paths.Credentials, w.paths.Config} {
		set := credfile.NewSet(w.paths, w.read(path), "")
		for _, name := range []string{"bob", "123456789013:carol"} {
			if len(set.Mentions(w.keys[name].ID)) > 0 {
				w.t.Errorf("%s holds the key of %s", path, name)
			}
		}
	}
	w.finish()
}
