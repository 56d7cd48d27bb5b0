// Package awstest is an in-memory IAM and STS behind one loopback listener, speaking the AWS query protocol to real SDK
// clients, with CloudTrail's event history of what is put into it and of who made a key, and an account's security
// contact. Signatures are verified, keys can spread slowly, lists can be stale, and every request can be made to fail
// before, during or after its effect. The tests and the built-in demonstration run against it. It is not a policy engine
// (everything is allowed unless denied by name), it keeps nothing on disk, and it must never be reachable from outside
// the machine.
package awstest

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// DefaultAccount exists from the start, in partition "aws". A plain name passed to a setter means a user or group in it.
const DefaultAccount = "123456789012"

const maxBody = 1 << 20

// TB is the part of testing.TB that New needs, so that the package can be linked into a program.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Options may be left zero.
type Options struct {
	// Now is the server's clock: creation dates, last uses, expiries and the Date header. nil means time.Now.
	Now func() time.Time

	// Unknown is told of an action the server does not know, before InvalidAction is returned.
	Unknown func(action string)

	// CheckSkew refuses requests signed more than five minutes off Now. SDK clients sign with the real clock and learn
	// an offset from the Date header, so this is of use only with a Now that stays near the real time.
	CheckSkew bool

	// AnyRegion lets IAM be signed for any region, not only for the partition's one. An SDK that is given an endpoint
	// signs IAM for the region of its configuration, which real IAM would refuse as well.
	AnyRegion bool
}

// Server is one running emulator. All methods may be called from any goroutine, also from a fault's hooks, except Close,
// which waits for running requests and so must not be called from a hook.
//
// Setters panic when they name a user, group or key that does not exist: that is a mistake in the caller.
type Server struct {
	opts Options
	now  func() time.Time
	ln   net.Listener
	http *http.Server
	done chan struct{}
	busy sync.WaitGroup

	mu       sync.Mutex // guards all below; never held while a caller's function runs
	closed   bool
	accounts map[string]*account
	keys     map[string]*key
	order    []*key // as created
	tokens   []string
	calls    []*Call
	fault    func(Call) Fault
	visible  func(View) bool
	trail    []TrailEvent
	timing   timing
	pageSize int
	rounds   int // of questions for a job that is not ready
	admin    bool
}

// timing holds the ways in which IAM lags behind itself.
type timing struct {
	sts, iam, revoke, list time.Duration
	useDelay, useStep      time.Duration
	trail                  time.Duration
}

// Start listens on a free port of 127.0.0.1. The caller must Close the server.
func Start(o Options) (*Server, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the IAM emulator: %w", err)
	}
	s := &Server{
		opts:     o,
		now:      o.Now,
		ln:       ln,
		done:     make(chan struct{}),
		accounts: map[string]*account{},
		keys:     map[string]*key{},
		pageSize: 100,
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.AddAccount(DefaultAccount, "aws")
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go s.http.Serve(ln)
	return s, nil
}

// New starts a server that ends with the test. An unknown action fails the test, for it means that the code under test
// calls something whose behaviour nobody has written down here.
func New(t TB, o Options) *Server {
	t.Helper()
	told := o.Unknown
	o.Unknown = func(action string) {
		t.Errorf("awstest: unknown action %q", action)
		if told != nil {
			told(action)
		}
	}
	s, err := Start(o)
	if err != nil {
		t.Fatalf("awstest: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// URL is the endpoint for both services.
func (s *Server) URL() string { return "http://" + s.ln.Addr().String() }

// Close ends all connections, lets go of requests that wait, and returns when the last one has ended. It may be called
// more than once.
func (s *Server) Close() {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.done)
		s.http.Close()
	}
	s.busy.Wait()
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		drop(w, false)
		return
	}
	s.busy.Add(1)
	s.mu.Unlock()
	defer s.busy.Done()

	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		drop(w, false)
		return
	}
	q := &query{http: r, body: body}
	q.sig, q.refused = parseSignature(r)
	if !q.json() {
		q.form, err = url.ParseQuery(string(body))
	}
	if err != nil || r.Method != http.MethodPost {
		q.refused = errMalformed
	}

	call, fault := s.record(q)
	if !fault.wait(s.done, r.Context().Done()) {
		drop(w, false)
		return
	}
	if fault.Before != nil {
		fault.Before()
	}
	rep := s.reply(q, fault)
	s.note(call, rep)
	if fault.After != nil {
		fault.After()
	}
	switch fault.Kind {
	case FaultDropBefore, FaultDropAfter:
		drop(w, false)
	case FaultReset:
		drop(w, true)
	default:
		s.send(w, rep)
	}
}

// reply carries out the request as far as the fault lets it, and says what is to be sent.
func (s *Server) reply(q *query, f Fault) reply {
	if f.Kind.effect() || f.Effect && f.Kind != FaultDropBefore && f.Kind != FaultReset {
		rep := s.answer(q, f.Kind == FaultDeny && !f.Effect)
		switch f.Kind {
		case FaultThrottle, FaultInternal, FaultUnavailable, FaultError, FaultProxy, FaultPage, FaultEmpty:
			return f.reply(q)
		case FaultDeny:
			if rep.status == http.StatusOK {
				return s.answer(q, true)
			}
		case FaultGarbage:
			rep.body = rep.body[:len(rep.body)/2]
			rep.status = http.StatusOK
		}
		return rep
	}
	return f.reply(q)
}

// answer verifies and executes a request. With denied set, an authenticated request is refused for want of a
// permission.
func (s *Server) answer(q *query, denied bool) reply {
	if q.refused != nil {
		return failure(q, q.refused)
	}
	h, ok := actions[q.service()][q.action()]
	jsonHandler, isJSON := jsonActions[q.service()][q.action()]
	if !ok && !isJSON {
		if s.opts.Unknown != nil {
			s.opts.Unknown(q.action())
		}
		return failure(q, errorf(400, "InvalidAction", "Could not find operation %s for version %s", q.action(), q.form.Get("Version")))
	}
	now := s.now()
	seen := s.ask(q.service(), q.sig.keyID, now, true)

	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.authenticate(q, now, seen)
	if err == nil {
		err = s.authorize(c, denied)
	}
	if err != nil {
		return failure(q, err)
	}
	if isJSON {
		return jsonHandler(s, c)
	}
	out, herr := h(s, c)
	if q.action() == "CreateAccessKey" {
		s.recordCreate(c, out, herr)
	}
	if herr != nil {
		if !errors.As(herr, &err) {
			err = errorf(500, "InternalFailure", "%v", herr)
		}
		return failure(q, err)
	}
	return success(q, out)
}
