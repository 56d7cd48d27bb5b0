package rotate

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile"
)

// Why something is unknown that no answer of AWS's explains.
const (
	notAsked = "it was not asked"
	tooMany  = "too many keys for one audit: ask for this one with --profile"
	tooLong  = "AWS lists more of it than one audit reads"
)

// answerOf is a value, or why there is none.
func answerOf[T any](v T, err error, action string) credfile.Answer[T] {
	if err != nil {
		return credfile.Answer[T]{Unknown: whyUnknown(err, action)}
	}
	return credfile.Answer[T]{Value: v}
}

// whyUnknown says in a few words why AWS did not tell. action is the permission
// that the call needs, for an answer that does not name it.
func whyUnknown(err error, action string) string {
	switch replyOf(err) {
	case replyDenied:
		if named := deniedAction(err); named != "" {
			action = named
		}
		if action != "" {
			return "needs " + action
		}
		return "AWS denies the call"
	case replyBusy:
		return "AWS is throttling"
	case replySilent:
		if errors.Is(err, errTooLong) {
			return tooLong
		}
		return "no answer from AWS"
	}
	return short(err).Error()
}

// mostPages bounds a list. Of most things a user has fewer than one page holds.
const mostPages = 20

var errTooLong = errors.New(tooLong)

// pages gathers the pages of a list.
func pages[T any](page func(marker *string) ([]T, *string, error)) ([]T, error) {
	var all []T
	var marker *string
	for range mostPages {
		some, next, err := page(marker)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if aws.ToString(next) == "" {
			return all, nil
		}
		marker = next
	}
	return nil, errTooLong
}

func names[T any](all []T, name func(T) *string) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = aws.ToString(name(one))
	}
	return out
}
