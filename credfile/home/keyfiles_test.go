package home

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/disk"
)

// keyFilesOf looks for files of keys of a user who has none.
func keyFilesOf(d disk.FS, env credfile.Env, p credfile.Paths, downloads ...string) []KeyFile {
	return ReadKeyFiles(d, env, p, ReadAWSFiles(d, env, p), downloads, func() ([]copies.Key, []string) { return nil, nil })
}

func TestKeyFiles(t *testing.T) {
	const key = "[a]\naws_access_key_id = AKIAZAVB57H55F3T4BKH\n"
	files := map[string]copies.Place{
		"credentials.bak": copies.AWSCopy, "credentials~": copies.AWSCopy, "credentials.old": copies.AWSCopy, "credentials.orig": copies.AWSCopy,
		"credentials.save": copies.AWSCopy, ".credentials.swp": copies.AWSCopy, "credentials.tmp": copies.AWSCopy, "credentials-backup": copies.AWSCopy,
		"credentials.2024-05-01": copies.AWSCopy, "credentials.20240501_120000": copies.AWSCopy, "credentials copy": copies.AWSCopy,
		"credentials copy 2": copies.AWSCopy, "credentials (1)": copies.AWSCopy, "credentials.bak.2": copies.AWSCopy, "Copy of credentials": copies.AWSCopy,
		"credentials_backup_2023": copies.AWSCopy, "#credentials#": copies.AWSCopy, "config.bak": copies.AWSCopy, "config.old": copies.AWSCopy,
		"bob_accessKeys.csv": copies.Download, "accessKeys.csv": copies.Download, "accessKeys (1).csv": copies.Download, "credentials.csv": copies.Download,
		"new_user_credentials.csv": copies.Download, "rootkey.csv": copies.RootFile, "rootkey (2).csv": copies.RootFile, ".keycare-0123": copies.Leftover,
	}
	others := []string{"credentials", "config", "credentials.lock", ".keycare-credentials.lock", ".credentials.keycare-lock", "configuration.bak.d", "cli", "mycredentials", "models"}
	dir := t.TempDir()
	for name := range files {
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
	found := make(map[string]copies.Place)
	for _, s := range keyFilesOf(disk.OS{}, localEnv(nil), p) {
		found[filepath.Base(s.Path)] = s.Place
	}
	for name, kind := range files {
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
func TestKeyFileUnreadable(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "credentials.bak")
	localWrite(t, path, "")
	p := credfile.Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	if s := keyFilesOf(localNoReading{}, localEnv(nil), p); len(s) != 1 {
		t.Errorf("got %v", s)
	}
	if s := keyFilesOf(disk.OS{}, localEnv(nil), p); len(s) != 0 {
		t.Errorf("an empty copy is told: %v", s)
	}
}

type localNoReading struct{ disk.OS }

func (localNoReading) ReadFile(string) ([]byte, error) { return nil, os.ErrPermission }

// The IDs of the keys in a copy are told, in the form of the console's files and
// in that of the shared files; nothing else of them is.
func TestKeyFileKeyIDs(t *testing.T) {
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
		found := keyFilesOf(disk.OS{}, localEnv(nil), p)
		if len(found) != 1 || !slices.Equal(found[0].KeyIDs(), want) || found[0].Closed {
			t.Errorf("%q: got %+v, want %v", text, found, want)
		}
		if out := fmt.Sprintf("%+v", found); strings.Contains(out, "SEKRET") {
			t.Errorf("a secret is in the facts: %s", out)
		}
	}
	if found := keyFilesOf(localNoReading{}, localEnv(nil), p); len(found) != 1 || !found[0].Closed {
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
	p := credfile.Paths{Credentials: filepath.Join(home, ".aws", "credentials"), Config: filepath.Join(home, ".aws", "config")}
	got := keyFilesOf(opened, env, p, downloads, downloads, elsewhere, home, filepath.Join(home, "Desktop"), "")
	want := []copies.Named{{Path: filepath.Join(downloads, "dev_accessKeys (1).csv"), Place: copies.Download}, {Path: filepath.Join(downloads, "rootkey.csv"), Place: copies.RootFile}}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i, f := range got {
		if f.Named != want[i] || !slices.Equal(f.KeyIDs(), []string{"AKIAZAVB57H55F3T4BKH"}) || f.Fact.Path != f.Path || !f.Fact.Exists {
			t.Errorf("got %+v, want %v", f, want[i])
		}
	}
	if len(opened.names) != 3 {
		t.Errorf("these were opened: %q", opened.names)
	}
	if got := keyFilesOf(disk.OS{}, localEnv(nil), p, downloads); got != nil {
		t.Errorf("without a home folder: %+v", got)
	}
	for i := range 209 {
		localWrite(t, filepath.Join(downloads, fmt.Sprintf("a%d_accessKeys.csv", i)), key)
	}
	if got := keyFilesOf(disk.OS{}, env, p, downloads); len(got) != 200 {
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

// Keys are found in the forms of editors and programs too, each file is told once, and
// whose keys they are is asked only where there is such a file.
func TestKeyFileForms(t *testing.T) {
	const id, secret = "AKIAZAVB57H55F3T4BKH", "abcdefghij/klmnopqrst+uvwxyzABCDEFGHIJKL"
	home := t.TempDir()
	aws := filepath.Join(home, ".aws")
	if err := os.Mkdir(aws, 0o700); err != nil {
		t.Fatal(err)
	}
	p := credfile.Paths{Credentials: filepath.Join(aws, "credentials"), Config: filepath.Join(aws, "config")}
	asked := 0
	read := func(vars map[string]string) []KeyFile {
		env := localEnv(vars)
		return ReadKeyFiles(disk.OS{}, env, p, ReadAWSFiles(disk.OS{}, env, p), []string{aws}, func() ([]copies.Key, []string) {
			asked++
			return []copies.Key{{ID: id, Secret: credfile.NewSecret(secret), State: copies.Current}}, nil
		})
	}
	vars := map[string]string{"HOME": home, "USERPROFILE": home}
	if got := read(vars); len(got) != 0 || asked != 0 {
		t.Fatalf("asked %d times for %+v", asked, got)
	}
	wide := "\xff\xfe"
	for _, c := range "Access key ID,Secret access key\r\n" + id + ",x\r\n" {
		wide += string(c) + "\x00"
	}
	localWrite(t, filepath.Join(aws, "rootkey.csv"), wide)
	localWrite(t, filepath.Join(aws, "credentials.bak"), `{"secret":"abcdefghij\/klmnopqrst+uvwxyzABCDEFGHIJKL"}`)
	localWrite(t, filepath.Join(home, ".s3cfg"), "access_key = "+id+"\n")
	vars["BOTO_CONFIG"] = filepath.Join(home, ".s3cfg")
	got := read(vars)
	want := []copies.Named{{Path: filepath.Join(aws, "credentials.bak"), Place: copies.AWSCopy}, {Path: filepath.Join(aws, "rootkey.csv"), Place: copies.RootFile}, {Path: filepath.Join(home, ".s3cfg"), Place: copies.OldTool}}
	if len(got) != len(want) || asked != 1 {
		t.Fatalf("asked %d times, got %+v", asked, got)
	}
	for i, f := range got {
		if f.Named != want[i] || !slices.Equal(f.KeyIDs(), []string{id}) || f.Copies[0].Tier != copies.OwnCurrent {
			t.Errorf("got %+v, want %v", f, want[i])
		}
	}
}
