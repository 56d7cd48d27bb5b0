package awstest

import (
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Call is one request in the order of arrival. It holds no secret: signatures and session tokens travel in headers,
// which are not kept. A GetSessionToken's one-time code is in Form.
type Call struct {
	N       int // counted from 0 since Start or ResetCalls
	Service string
	Action  string
	Region  string
	KeyID   string // as claimed by the request, verified or not
	Form    url.Values
	At      time.Time
	// UserAgent is as the client named itself.
	UserAgent string

	// The outcome on the server's side, which a lost reply does not change. Zero in a call handed to a fault function
	// or still running.
	Status int
	Code   string // of an error
}

// FaultKind says what becomes of a request.
type FaultKind int

const (
	FaultNone        FaultKind = iota
	FaultDropBefore            // connection closed, no effect
	FaultDropAfter             // effect done, connection closed
	FaultReset                 // TCP reset, no effect
	FaultThrottle              // 400 Throttling, as IAM does
	FaultInternal              // 500 ServiceFailure (IAM) or InternalFailure (STS)
	FaultUnavailable           // 503 ServiceUnavailable
	FaultDeny                  // 403 AccessDenied in the service's own XML, for a request that authenticates
	FaultGarbage               // effect done, 200 with half a body
	FaultSlow                  // Wait or Delay first, then the effect, even if the client has gone
	FaultProxy                 // 403 with an HTML page, as from something in between; no effect
	FaultPage                  // 200 with an HTML page, as from a portal; no effect
	FaultEmpty                 // 200 with nothing in it; no effect
	FaultError                 // Status, Code and Message of the Fault; no effect
)

// Fault is the fate of one request. The zero value lets it through. No lock is held while its functions run, on the
// request's goroutine: what they share with the client needs a lock of its own.
type Fault struct {
	Kind FaultKind

	// Effect lets the effect happen although the reply says otherwise, for all kinds that normally have none but the
	// dropped ones: a 500 may well come from a request that was carried out.
	Effect bool

	Wait  <-chan struct{} // FaultSlow: until closed, or until the server closes (then there is no effect)
	Gone  bool            // FaultSlow: until the client has gone (then there is no effect)
	Delay func()          // FaultSlow: after Wait

	Status        int // FaultError
	Code, Message string

	Before func() // runs right before the effect, whatever the kind, also when there is none
	After  func() // runs right after the effect and before the reply or its loss
}

func (k FaultKind) effect() bool {
	switch k {
	case FaultNone, FaultDropAfter, FaultDeny, FaultGarbage, FaultSlow:
		return true
	}
	return false
}

// SetFault has f decide about every later request; nil ends that. f may be called from several goroutines at once, and
// by one that the caller's client no longer waits for: what f reads may change only by another SetFault, or under a lock.
func (s *Server) SetFault(f func(Call) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Calls lists the requests so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Call, len(s.calls))
	for i, c := range s.calls {
		out[i] = *c
	}
	return out
}

// ResetCalls forgets the requests so far and counts from 0 again.
func (s *Server) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

// Actions lists the actions called so far, without their service.
func (s *Server) Actions() []string {
	var out []string
	for _, c := range s.Calls() {
		out = append(out, c.Action)
	}
	return out
}

func (s *Server) record(q *query) (*Call, Fault) {
	now := s.now()
	form := url.Values{}
	for k, v := range q.form {
		form[k] = slices.Clone(v)
	}
	s.mu.Lock()
	c := &Call{
		N:       len(s.calls),
		Service: q.service(),
		Action:  q.action(),
		Region:  q.sig.region,
		KeyID:   q.sig.keyID,
		Form:    form,
		At:      now,

		UserAgent: q.http.UserAgent(),
	}
	s.calls = append(s.calls, c)
	decide, told := s.fault, *c
	s.mu.Unlock()
	if decide == nil {
		return c, Fault{}
	}
	return c, decide(told)
}

func (s *Server) note(c *Call, rep reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Status, c.Code = rep.status, rep.code
}

// wait reports false when the server closed meanwhile, or the client went that was waited for.
func (f Fault) wait(done, gone <-chan struct{}) bool {
	if f.Kind != FaultSlow {
		return true
	}
	if f.Wait != nil {
		select {
		case <-f.Wait:
		case <-done:
			return false
		}
	}
	if f.Gone {
		select {
		case <-gone:
		case <-done:
		}
		return false
	}
	if f.Delay != nil {
		f.Delay()
	}
	return true
}

// reply is the answer of a fault that does not come from the service's logic.
func (f Fault) reply(q *query) reply {
	switch f.Kind {
	case FaultThrottle:
		switch q.service() {
		case trailService:
			return failure(q, errorf(400, "ThrottlingException", "Rate exceeded"))
		case accountService:
			return failure(q, errorf(429, "TooManyRequestsException", "Rate exceeded"))
		}
		return failure(q, errorf(400, "Throttling", "Rate exceeded"))
	case FaultInternal:
		if q.service() == "sts" {
			return failure(q, errorf(500, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure."))
		}
		return failure(q, errorf(500, "ServiceFailure", "The request processing has failed because of an unknown error, exception or failure."))
	case FaultUnavailable:
		return failure(q, errorf(503, "ServiceUnavailable", "Service is unable to handle request."))
	case FaultProxy:
		return reply{status: http.StatusForbidden, kind: "text/html", body: []byte("<html><body><h1>403 Forbidden</h1>blocked by policy</body></html>\n")}
	case FaultPage:
		return reply{status: http.StatusOK, kind: "text/html", body: []byte("<html><body>please log in</body></html>\n")}
	case FaultEmpty:
		return reply{status: http.StatusOK, kind: "text/html"}
	case FaultError:
		return failure(q, errorf(f.Status, f.Code, "%s", f.Message))
	}
	return reply{} // nothing is sent
}
