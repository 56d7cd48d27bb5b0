package ask

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile/facts"
	"keycare/rotate/client"
)

// Why something is unknown that no answer of AWS's explains.
const (
	notAsked = facts.NotAsked
	tooMany  = facts.TooMany
	tooLong  = "AWS lists more of it than one audit reads"
)

// answerOf is a value, or why there is none.
func answerOf[T any](v T, err error, action string) facts.Answer[T] {
	if err != nil {
		return fail(facts.Answer[T]{}, err, action)
	}
	return facts.Answered(v)
}

// fail is a without an answer, and why there is none.
func fail[T any](a facts.Answer[T], err error, action string) facts.Answer[T] {
	why, lost := client.WhyUnknown(err, action)
	switch {
	case errors.Is(err, errTooLong):
		a.Lose(tooLong)
	case lost:
		a.Lose(why)
	default:
		a.Fail(why)
	}
	return a
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
