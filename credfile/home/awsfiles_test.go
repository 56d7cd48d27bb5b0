package home

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"keycare/credfile"
	"keycare/credfile/disk"
)

// localEnv is an environment of these variables alone.
func localEnv(vars map[string]string) credfile.Env {
	return credfile.Env{GOOS: runtime.GOOS, Lookup: func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}}
}

func TestReadLocalOfNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".aws")
	p := credfile.Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	l := ReadAWSFiles(disk.OS{}, localEnv(nil), p)
	if len(l.Files) != 2 || l.Files[0].Exists || l.Files[1].Exists || l.Files[1].Kind != credfile.ConfigFile ||
		len(l.Dirs) != 1 || l.Dirs[0].Exists || l.EnvKeys != nil || l.History.Exists {
		t.Errorf("got %+v", l)
	}
}

func TestReadLocalEnvironment(t *testing.T) {
	const secret = "SEKRET/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	env := map[string]string{"AWS_ACCESS_KEY_ID": "AKIAZAVB57H55F3T4BKH", "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": ""}
	l := ReadAWSFiles(disk.OS{}, localEnv(env), credfile.Paths{})
	if want := []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}; !reflect.DeepEqual(l.EnvKeys, want) || l.EnvKeyID != env["AWS_ACCESS_KEY_ID"] {
		t.Errorf("got %+v", l)
	}
	env["AWS_ACCESS_KEY_ID"] = secret // in the wrong variable
	if out := fmt.Sprintf("%+v", ReadAWSFiles(disk.OS{}, localEnv(env), credfile.Paths{})); strings.Contains(out, "SEKRET") {
		t.Errorf("a secret is in the facts: %s", out)
	}
}

// Short-term keys expire by themselves; a long-term one is told of wherever it is.
func TestBedrockVariables(t *testing.T) {
	longTerm := "ABSK" + strings.Repeat("QmVk", 30)
	got := BedrockVariables([]string{
		"HOME=/home/x", "MODELS_KEY=Bearer " + longTerm + "==", "AWS_BEARER_TOKEN_BEDROCK=" + longTerm, "AWS_BEARER_TOKEN_BEDROCK=x", "NOTE=ABSK and more",
		"BASH_FUNC_x%%=" + longTerm, longTerm + "=" + longTerm, "=" + longTerm, "OTHER=x" + longTerm, "",
	})
	if want := []string{"AWS_BEARER_TOKEN_BEDROCK", "MODELS_KEY"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for value, want := range map[string]int{"": 0, "sk-gateway": 1, "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t": 0} {
		if got := BedrockVariables([]string{"AWS_BEARER_TOKEN_BEDROCK=" + value}); len(got) != want {
			t.Errorf("%q: got %q", value, got)
		}
	}
}

func TestReadLocalHistory(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, ".aws", "cli", "history", "history.db")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if h := ReadAWSFiles(disk.OS{}, localEnv(map[string]string{"HOME": home}), credfile.Paths{}).History; !h.Exists || h.Path != path {
		t.Errorf("got %+v", h)
	}
	other := localEnv(map[string]string{"HOME": home, "AWS_CLI_HISTORY_FILE": filepath.Join(home, "none")})
	if h := ReadAWSFiles(disk.OS{}, other, credfile.Paths{}).History; h.Exists {
		t.Errorf("got %+v", h)
	}
}

func localWrite(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
