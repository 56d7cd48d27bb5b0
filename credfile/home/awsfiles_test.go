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
		len(l.Dirs) != 1 || l.Dirs[0].Exists || l.Siblings != nil || l.EnvKeys != nil || l.History.Exists {
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

func TestSiblings(t *testing.T) {
	const key = "[a]\naws_access_key_id = AKIAZAVB57H55F3T4BKH\n"
	copies := map[string]SiblingKind{
		"credentials.bak": BackupCopy, "credentials~": BackupCopy, "credentials.old": BackupCopy, "credentials.orig": BackupCopy,
		"credentials.save": BackupCopy, ".credentials.swp": BackupCopy, "credentials.tmp": BackupCopy, "credentials-backup": BackupCopy,
		"credentials.2024-05-01": BackupCopy, "credentials.20240501_120000": BackupCopy, "credentials copy": BackupCopy,
		"credentials copy 2": BackupCopy, "credentials (1)": BackupCopy, "credentials.bak.2": BackupCopy, "Copy of credentials": BackupCopy,
		"credentials_backup_2023": BackupCopy, "#credentials#": BackupCopy, "config.bak": BackupCopy, "config.old": BackupCopy,
		"bob_accessKeys.csv": KeyDownload, "accessKeys.csv": KeyDownload, "accessKeys (1).csv": KeyDownload, "credentials.csv": KeyDownload,
		"new_user_credentials.csv": KeyDownload, "rootkey.csv": RootCSV, "rootkey (2).csv": RootCSV, ".keycare-0123": Leftover,
	}
	others := []string{"credentials", "config", "credentials.lock", ".keycare-credentials.lock", ".credentials.keycare-lock", "configuration.bak.d", "cli", "mycredentials", "models"}
	dir := t.TempDir()
	for name := range copies {
		if runtime.GOOS == "windows" && strings.ContainsAny(name, "#") {
			continue
		}
		localWrite(t, filepath.Join(dir, name), key)
	}
	for _, name := range others {
		localWrite(t, filepath.Join(dir, name), key)
	}
	localWrite(t, filepath.Join(dir, "config.bak2"), "[default]\nregion = eu-west-1\n") // a copy, but without keys
	if err := os.Mkdir(filepath.Join(dir, "credentials.old.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := credfile.Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	found := make(map[string]SiblingKind)
	for _, s := range ReadAWSFiles(disk.OS{}, localEnv(nil), p).Siblings {
		found[filepath.Base(s.Path)] = s.Kind
	}
	for name, kind := range copies {
		if found[name] != kind && !(runtime.GOOS == "windows" && strings.Contains(name, "#")) {
			t.Errorf("%s is %q, want %q", name, found[name], kind)
		}
		delete(found, name)
	}
	if len(found) > 0 {
		t.Errorf("these are no copies with keys: %v", found)
	}
}

// A copy that cannot be read may hold keys.
func TestSiblingUnreadable(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "credentials.bak")
	localWrite(t, path, "")
	p := credfile.Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	if s := ReadAWSFiles(localNoReading{}, localEnv(nil), p).Siblings; len(s) != 1 {
		t.Errorf("got %v", s)
	}
	if s := ReadAWSFiles(disk.OS{}, localEnv(nil), p).Siblings; len(s) != 0 {
		t.Errorf("an empty copy is told: %v", s)
	}
}

type localNoReading struct{ disk.OS }

func (localNoReading) ReadFile(string) ([]byte, error) { return nil, os.ErrPermission }

func localWrite(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The IDs of the keys in a copy are told, in the form of the console's files and
// in that of the shared files; nothing else of them is.
func TestSiblingKeyIDs(t *testing.T) {
	const one, two = "AKIAZAVB57H55F3T4BKH", "AKIAQAAAAAAAQAAAAAAA"
	dir := t.TempDir()
	p := credfile.Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	for text, want := range map[string][]string{
		"Access key ID,Secret access key\r\n" + one + ",SEKRET/x\r\n":                               {one},
		"\ufeffUser name,Access key ID,Secret access key\n\"dev\",\"" + two + "\",\"x\"\n":          {two},
		"AWSAccessKeyId=" + one + "\nAWSSecretKey=SEKRET\n":                                         {one},
		"[a]\naws_access_key_id=" + one + "\n[b]\naws_access_key_id = " + two + "\n# " + one + "\n": {one, two},
		"aws_secret_access_key = aaa/" + one + "/aaaaaaaaaaaaaaa\n":                                 nil,
		"aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n[x]\naws_access_key_id = AKIASP2TPHJSQH3FJRUX\n": nil,
	} {
		localWrite(t, p.Credentials+".bak", text)
		found := ReadAWSFiles(disk.OS{}, localEnv(nil), p).Siblings
		if len(found) != 1 || !reflect.DeepEqual(found[0].KeyIDs, want) || found[0].Closed {
			t.Errorf("%q: got %+v, want %v", text, found, want)
		}
		if out := fmt.Sprintf("%+v", found); strings.Contains(out, "SEKRET") {
			t.Errorf("a secret is in the facts: %s", out)
		}
	}
	if found := ReadAWSFiles(localNoReading{}, localEnv(nil), p).Siblings; len(found) != 1 || !found[0].Closed {
		t.Errorf("got %+v", found)
	}
}

// Among the downloads only files with the console's names are opened, and only
// in folders of the home folder.
func TestReadDownloads(t *testing.T) {
	home, elsewhere := t.TempDir(), t.TempDir()
	downloads := filepath.Join(home, "Downloads")
	if err := os.Mkdir(downloads, 0o700); err != nil {
		t.Fatal(err)
	}
	const key = "Access key ID,Secret access key\nAKIAZAVB57H55F3T4BKH,x\n"
	for _, name := range []string{"rootkey.csv", "dev_accessKeys (1).csv", "credentials", "credentials.bak", "notes.csv", ".keycare-1"} {
		localWrite(t, filepath.Join(downloads, name), key)
	}
	localWrite(t, filepath.Join(downloads, "credentials.csv"), "site,password\n")
	localWrite(t, filepath.Join(elsewhere, "rootkey.csv"), key)
	localWrite(t, filepath.Join(home, "rootkey.csv"), key)
	env := localEnv(map[string]string{"HOME": home})
	opened := &localOpened{}
	got := ReadDownloads(opened, env, downloads, downloads, elsewhere, home, filepath.Join(home, "Desktop"), "")
	want := []Sibling{
		{Path: filepath.Join(downloads, "dev_accessKeys (1).csv"), Kind: KeyDownload, KeyIDs: []string{"AKIAZAVB57H55F3T4BKH"}},
		{Path: filepath.Join(downloads, "rootkey.csv"), Kind: RootCSV, KeyIDs: []string{"AKIAZAVB57H55F3T4BKH"}},
	}
	for i := range got {
		if got[i].Fact.Path != got[i].Path || !got[i].Fact.Exists {
			t.Errorf("%s: what the file system says is of %+v", got[i].Path, got[i].Fact)
		}
		got[i].Fact, got[i].Reach = FileFact{}, 0 // see TestCopyRights
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if len(opened.names) != 3 {
		t.Errorf("these were opened: %q", opened.names)
	}
	if got := ReadDownloads(disk.OS{}, localEnv(nil), downloads); got != nil {
		t.Errorf("without a home folder: %+v", got)
	}
	for i := range mostDownloads + 9 {
		localWrite(t, filepath.Join(downloads, fmt.Sprintf("a%d_accessKeys.csv", i)), key)
	}
	if got := ReadDownloads(disk.OS{}, env, downloads); len(got) != mostDownloads {
		t.Errorf("%d files were looked into", len(got))
	}
}

// localOpened notes what is read.
type localOpened struct {
	disk.OS
	names []string
}

func (d *localOpened) ReadFile(name string) ([]byte, error) {
	d.names = append(d.names, filepath.Base(name))
	return d.OS.ReadFile(name)
}
