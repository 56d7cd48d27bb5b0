package client

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync"
	"syscall"
	"time"
)

// contactTimeout is how long the first connection may take. One that is lost on
// the way would take half a minute to fail by itself.
const contactTimeout = 10 * time.Second

// errNoContact is one that Unreachable knows.
var errNoContact = fmt.Errorf("no connection to AWS within %s: %w", contactTimeout, syscall.ETIMEDOUT)

// FirstContact is ctx for calls that change nothing. It ends if no connection could
// be made for a while after the first call tried to; once there was one it lasts as
// ctx does. Who calls stop has no more use for it.
func FirstContact(ctx context.Context) (_ context.Context, stop func()) {
	return firstContact(ctx, contactTimeout)
}

func firstContact(ctx context.Context, patience time.Duration) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var mu sync.Mutex
	var over *time.Timer
	made := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) {
			mu.Lock()
			defer mu.Unlock()
			if over == nil && !made {
				over = time.AfterFunc(patience, func() { cancel(errNoContact) })
			}
		},
		GotConn: func(httptrace.GotConnInfo) {
			mu.Lock()
			defer mu.Unlock()
			made = true
			if over != nil {
				over.Stop()
			}
		},
	})
	return ctx, func() {
		cancel(nil)
		mu.Lock()
		defer mu.Unlock()
		if over != nil {
			over.Stop()
		}
	}
}

// Because is why a call failed: err, or what ended its context from FirstContact.
func Because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errNoContact) {
		return cause
	}
	return err
}
