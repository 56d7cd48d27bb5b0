package facts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Grants says how much a policy by itself allows. Other policies, a permissions
// boundary and an organisation may still take rights away.
type Grants string

const (
	GrantsSome Grants = "some"
	GrantsAll  Grants = "all" // every action on every resource
	// GrantsPerhapsAll is every action, but with conditions, exceptions or denials
	// that a person has to weigh.
	GrantsPerhapsAll Grants = "perhaps all"
)

// GrantsOf reads the text of an IAM policy document. Source: IAM User Guide,
// grammar of the IAM JSON policy language.
func GrantsOf(document string) (Grants, error) {
	var doc struct{ Statement oneOrMore[statement] }
	if err := json.Unmarshal([]byte(document), &doc); err != nil {
		return "", errors.New("the policy is not written as IAM writes policies")
	}
	if len(doc.Statement) == 0 {
		return "", errors.New("the policy has no statement")
	}
	most, denies := GrantsSome, false
	for _, s := range doc.Statement {
		switch s.Effect {
		case "Deny":
			denies = true
		case "Allow":
			if g := s.grants(); most != GrantsAll && g != GrantsSome {
				most = g
			}
		default:
			return "", fmt.Errorf("the policy has a statement with the effect %.20q", s.Effect)
		}
	}
	if most == GrantsAll && denies {
		most = GrantsPerhapsAll
	}
	return most, nil
}

// statement is one statement of a policy, as far as it says how much is allowed.
type statement struct {
	Effect                                   string
	Action, NotAction, Resource, NotResource oneOrMore[string]
	Condition                                map[string]json.RawMessage
}

// grants says how much an allowing statement allows.
func (s statement) grants() Grants {
	actions := slices.ContainsFunc(s.Action, func(a string) bool { return everything(a) || allActions(a) })
	resources := slices.ContainsFunc(s.Resource, everything)
	switch {
	case actions && resources && len(s.Condition) == 0:
		return GrantsAll
	case (actions || len(s.NotAction) > 0) && (resources || len(s.NotResource) > 0 || slices.ContainsFunc(s.Resource, allOfARN)):
		return GrantsPerhapsAll
	}
	return GrantsSome
}

// everything reports whether a pattern matches whatever there is.
func everything(pattern string) bool { return pattern != "" && strings.Trim(pattern, "*") == "" }

// allActions reports whether a pattern of an action is "*:*".
func allActions(pattern string) bool {
	service, action, ok := strings.Cut(pattern, ":")
	return ok && everything(service) && everything(action)
}

// allOfARN reports whether a pattern is an ARN without any limit but the
// partition.
func allOfARN(pattern string) bool {
	parts := strings.SplitN(pattern, ":", 3)
	return len(parts) > 1 && parts[0] == "arn" && strings.Trim(parts[len(parts)-1], ":*") == ""
}

// oneOrMore is a value of a policy that may stand alone or in a list.
type oneOrMore[T any] []T

func (m *oneOrMore[T]) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("[")) {
		return json.Unmarshal(b, (*[]T)(m))
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*m = oneOrMore[T]{one}
	return nil
}
