package credfile

import (
	"fmt"
	"strings"

	"keycare/credfile/show"
)

// Names of the settings that make up a key in the shared files.
const (
	nameID     = "aws_access_key_id"
	nameSecret = "aws_secret_access_key"
	nameToken  = "aws_session_token"
	// nameOldToken is read by the AWS CLI alone, before nameToken.
	nameOldToken = "aws_security_token"
)

const noProfile = "no such profile"

// Tool is a reader of the shared files.
type Tool string

const (
	ToolCLI     Tool = "AWS CLI"
	ToolSDK     Tool = "Go SDK"
	ToolINIGo   Tool = "ini.v1"
	ToolINIPlan Tool = "ini.v1 (plain)"
)

// withArticle is the name as it stands in a sentence.
func (t Tool) withArticle() string {
	if strings.HasPrefix(string(t), "ini.v1") {
		return string(t)
	}
	return "the " + string(t)
}

// Reading is what one tool finds under one profile.
type Reading struct {
	Tool  Tool
	Pair  Pair
	Token Secret
	// TokenLine is the line of the token, counted from 1, where the AWS CLI reads one.
	TokenLine int
	From      FileKind // the file that the pair comes from
	// None says why the tool finds no key pair; empty where it finds one.
	None string
	// Refused is set where None comes from a file that the tool rejects whole.
	Refused *RefusedFile
}

// RefusedFile is a file that a tool rejects whole.
type RefusedFile struct {
	Path string
	Refusal
}

func (r Reading) same(o Reading) bool {
	return r.None == "" && o.None == "" && r.Pair.Equal(o.Pair) && r.Token.Equal(o.Token)
}

// says tells people what was read, without the secret.
func (r Reading) says() string {
	if r.None != "" {
		return r.None
	}
	token := ""
	if !r.Token.Empty() {
		token = " and a session token"
	}
	return fmt.Sprintf("key %s with a secret of %d characters%s", show.KeyID(r.Pair.ID), len(r.Pair.Secret.Reveal()), token)
}

// CLI returns what the AWS CLI finds under profile.
func (s *Set) CLI(profile string) Reading {
	r := Reading{Tool: ToolCLI}
	for _, k := range []FileKind{ConfigFile, CredentialsFile} { // the order in which it loads them
		if ref := s.cli[k].refused; ref != nil {
			return r.refuse(s.Files()[k], ref)
		}
	}
	known := false
	for k := range s.Files() { // the credentials file as a unit, then the config file
		g, ok := s.cliProf[k][profile]
		known = known || ok
		if g.find(nameID) == nil {
			continue
		}
		id, okID := g.value(nameID)
		secret, okSecret := g.value(nameSecret)
		if !okID || !okSecret {
			r.None = "an access key ID without its secret"
			return r
		}
		tokenName := nameToken
		if g.find(nameOldToken) != nil {
			tokenName = nameOldToken
		}
		token, okToken := g.value(tokenName)
		if !okToken && g.find(tokenName) != nil {
			r.None = "a session token that it takes for a group of settings"
			return r
		}
		r.take(id, secret, token, FileKind(k))
		if okToken {
			r.TokenLine = g.find(tokenName).line
		}
		return r
	}
	r.none(known)
	return r
}

// SDK returns what the AWS SDK for Go v2 finds under profile, by readSDK.
func (s *Set) SDK(profile string) Reading {
	r := Reading{Tool: ToolSDK}
	for k, f := range s.Files() {
		if ref := s.sdk[k].refused; ref != nil {
			return r.refuse(f, ref)
		}
	}
	creds, okCreds := s.sdkProf[CredentialsFile][profile]
	config, okConfig := s.sdkProf[ConfigFile][profile]
	if !okCreds && !okConfig {
		r.none(false)
		return r
	}
	last := creds // the section that is merged last decides whether a half is an error
	if !okCreds {
		last = config
	}
	hasID, hasSecret := last.find(nameID) != nil, last.find(nameSecret) != nil
	if hasID != hasSecret {
		r.None = "an access key ID without its secret, or the reverse"
		return r
	}
	from, pair := CredentialsFile, creds
	if !hasID || !okCreds {
		from, pair = ConfigFile, config
	}
	id, _ := pair.value(nameID)
	secret, _ := pair.value(nameSecret)
	if id == "" || secret == "" {
		r.none(true)
		return r
	}
	token := ""
	if hasID && okCreds {
		token, _ = creds.value(nameToken)
	}
	if token == "" && (!okCreds || !hasID || creds.find(nameToken) == nil) {
		token, _ = config.value(nameToken)
	}
	r.take(id, secret, token, from)
	return r
}

func (r *Reading) take(id, secret, token string, from FileKind) {
	r.Pair, r.Token, r.From = Pair{id, NewSecret(secret)}, NewSecret(token), from
	if id == "" || secret == "" {
		r.None = "an empty access key ID or secret"
	}
}

func (r *Reading) none(known bool) {
	r.None = noProfile
	if known {
		r.None = "no access key"
	}
}

func (r Reading) refuse(f *File, ref *Refusal) Reading {
	r.Refused = &RefusedFile{f.Path, *ref}
	r.None = fmt.Sprintf("nothing, it rejects %s (line %d: %s)", f.Path, ref.Line, ref.Why)
	return r
}

// Setting returns the value of a setting of profile as the AWS CLI reads it, or
// as the Go SDK does where the CLI rejects a file. The credentials file is
// looked at first. Never use it for keys.
func (s *Set) Setting(profile, name string) string {
	if v, ok := lookup(s.cliProf, profile, name); ok {
		return v
	}
	v, _ := lookup(s.sdkProf, profile, name)
	return v
}

func lookup(m [2]map[string]*group, profile, name string) (string, bool) {
	for _, k := range []FileKind{CredentialsFile, ConfigFile} {
		if v, ok := m[k][profile].value(name); ok {
			return v, true
		}
	}
	return "", false
}
