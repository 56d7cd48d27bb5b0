package ask

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/rotate/client"
)

// quickly bounds the few requests between the questions to a person.
const quickly = 30 * time.Second

// ErrNoCode is what MFACode returns where nobody gives a code, without saying why.
var ErrNoCode = errors.New("no code")

// secondFactor gets sessions with MFA for the users who are denied everything
// without, one after another: a person types a code for each. Time does not count
// while somebody types.
func (r *round) secondFactor(ctx context.Context, q *Asker) {
	type outcome struct {
		session client.Signer
		way     *client.AWS
	}
	users := map[string]outcome{}
	for _, k := range r.keys {
		id := k.facts.Identity.Value
		if ctx.Err() != nil || k.aws == nil || id.UserName() == "" || !k.facts.Identity.Known() || !client.DeniesOutright(k.denied) {
			continue
		}
		user, asked := users[id.ARN]
		if !asked {
			serial := ""
			r.within(ctx, quickly, func() { serial = r.device(q, k) })
			if serial == "" {
				continue // it is what it says: a permission that is denied
			}
			var why string
			r.watch.Next("", "", 0) // somebody is asked
			if user.session, why = q.session(ctx, k, serial); user.session == nil {
				user.way = k.aws.WithoutMFA(why)
			}
			users[id.ARN] = user
		}
		if a, _ := r.accountOf(id); a.asked[k] {
			delete(a.asked, k) // it was denied there, too
		}
		if user.session == nil {
			k.aws = user.way
		} else {
			k.session = user.session
		}
		r.within(ctx, quickly, func() {
			var err error
			k.listed, _, err = k.aws.List(r.ctx, k.by(), id.UserName())
			k.list(err)
		})
	}
}

// device is the MFA device of the user of k, as the files name it or IAM does, which
// tells that in the usual policies without MFA too. Empty where there is none.
func (r *round) device(q *Asker, k *askedKey) (serial string) {
	for _, p := range q.Profiles {
		for _, reading := range q.readings(p) {
			if s := q.Set.MFASerial(p); reading.Pair.Equal(k.pair) && s != "" && !show.SecretLike(s) {
				return s
			}
		}
	}
	devices := r.devices(k.aws.IAM(k.by()), aws.String(k.facts.Identity.Value.UserName()))
	for _, d := range devices.Value {
		if serial == "" || strings.Contains(d, ":mfa/") {
			serial = d
		}
	}
	return serial
}

// session asks a person, or whoever MFACode asks, for the code, and STS for the
// session. Without one it says why.
func (q *Asker) session(ctx context.Context, k *askedKey, serial string) (client.Signer, string) {
	if q.MFACode == nil {
		return nil, ""
	}
	if strings.Contains(serial, ":u2f/") {
		return nil, facts.NeedsMFA + ", and a security key gives no code: use a profile that takes a role"
	}
	code, err := q.MFACode(k.facts.Identity.Value.UserName(), serial)
	switch {
	case errors.Is(err, ErrNoCode):
		return nil, ""
	case err != nil:
		return nil, fmt.Sprintf("%s, and there is no code: %v", facts.NeedsMFA, err)
	}
	ctx, cancel := context.WithTimeout(ctx, quickly)
	defer cancel()
	s, err := k.aws.Session(ctx, k.pair, serial, code)
	switch {
	case err == nil:
		return s, ""
	case client.Unreachable(err):
		return nil, facts.NeedsMFA + ", and AWS does not answer"
	}
	return nil, facts.NeedsMFA + ", and AWS did not accept the code of " + serial
}
