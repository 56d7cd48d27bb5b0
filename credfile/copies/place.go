package copies

import (
	"path/filepath"
	"strings"
)

// Place is what kind of place a file is, for people.
type Place string

// InGit is the place of what stands in the objects of a repository.
const InGit Place = "Git history"

// placeRules say what a path tells. The first that fits is taken. A rule that ends
// in a slash is about folders, one with a star at its front or end about that end of
// the file's name, and others about the file's name or the end of its path.
var placeRules = []struct {
	place Place
	paths []string
}{
	{"AWS CLI cache", []string{".aws/cli/cache/", ".aws/boto/cache/", ".aws/sso/cache/", ".aws/login/cache/"}},
	{"AWS CLI history", []string{".aws/cli/history/"}},
	{AWSCopy, []string{".aws/", ".aws.zip", ".aws.tar.gz"}},
	{Download, []string{"rootkey*", "new_user_credentials*"}},
	{OldTool, []string{".boto", "boto.cfg", ".s3cfg", ".passwd-s3fs", "passwd-s3fs", ".awssecret", ".elasticbeanstalk/"}},
	{"AI transcript", []string{".claude/", ".codex/", ".gemini/", ".cursor/projects/", ".local/share/opencode/", ".kiro/", ".continue/", ".aider*", "cursor/user/globalstorage/", "cursor/user/workspacestorage/"}},
	{"MCP configuration", []string{".mcp.json", "mcp.json", "claude_desktop_config.json"}},
	{"editor history", []string{"user/history/", ".vim/undo/", ".local/state/nvim/", "localhistory/", "*.swp", "*.swo", "*~", ".viminfo", "backups/"}},
	{"editor settings", []string{".vscode/", ".idea/", "code/user/", "cursor/user/", "vscodium/user/"}},
	{"shell history", []string{".bash_history", ".zsh_history", ".sh_history", ".history", "fish_history", "consolehost_history.txt", "atuin/", ".python_history", ".node_repl_history", ".irb_history", ".psql_history", ".mysql_history", ".sqlite_history", ".lesshst"}},
	{"shell start-up file", []string{".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".kshrc", "config.fish", "fish_variables", ".pam_environment", "environment.d/", ".envrc", "*profile.ps1", "launchagents/", "/etc/environment", "/etc/profile", "profile.d/"}},
	{"environment file", []string{".env", ".env.*", "*.env"}},
	{"Git configuration", []string{".git/", ".gitconfig", ".git-credentials", ".git/config"}},
	{"Terraform", []string{"*.tfvars", "*.tfstate", "*.tfstate.backup", ".terraform/", ".terraform.d/", "*.tf"}},
	{"Docker", []string{".docker/", ".dockercfg", "dockerfile*", "docker-compose*", "compose.y*"}},
	{"Kubernetes", []string{".kube/", "k8s/"}},
	{"CI configuration", []string{".github/", ".circleci/", ".gitlab-ci.yml", ".travis.yml", "jenkinsfile*", ".jenkins/"}},
	{"S3 tool", []string{"rclone.conf", ".rclone.conf", ".mc/", ".s3backer_passwd", ".fog", ".ec2/", "cyberduck/", "winscp.ini"}},
	{"notebook", []string{"*.ipynb"}},
	{"mail or chat", []string{"thunderbird/", "slack/", ".mbox", "*.eml", "*.mbox"}},
	{"log", []string{"*.log", "*.log.*", "logs/", "log/"}},
	{"download", []string{"downloads/"}},
	{"trash", []string{".trash/", "trash/files/", "$recycle.bin/"}},
	{"backup", []string{"*.bak", "*.old", "*.orig", "*.save", "backup*", "*backup"}},
}

// placeOf is the kind of place of a path; empty where it tells nothing.
func placeOf(path string) Place {
	p := strings.ToLower(filepath.ToSlash(path))
	name := p[strings.LastIndexByte(p, '/')+1:]
	if place := consoleFile(name); place != "" {
		return place
	}
	for _, r := range placeRules {
		for _, want := range r.paths {
			front, hasFront := strings.CutSuffix(want, "*")
			end, hasEnd := strings.CutPrefix(want, "*")
			switch {
			case strings.HasSuffix(want, "/"):
				if strings.Contains(p, "/"+want) {
					return r.place
				}
			case hasFront:
				if strings.HasPrefix(name, front) {
					return r.place
				}
			case hasEnd && !strings.Contains(end, "*"):
				if strings.HasSuffix(name, end) {
					return r.place
				}
			case hasEnd:
				if strings.Contains(name, strings.TrimSuffix(end, "*")) {
					return r.place
				}
			case name == want || strings.HasSuffix(p, "/"+want) || p == want:
				return r.place
			}
		}
	}
	return ""
}

// cacheFolders are folders of what programs fetched or made and can fetch or make
// again: the end of a path, in small letters.
var cacheFolders = []string{
	"/node_modules", "/.cache", "/go/pkg/mod", "/.npm/_cacache", "/.m2/repository", "/.gradle/caches", "/.cargo/registry", "/.cargo/git",
	"/.rustup", "/.nuget/packages", "/site-packages", "/dist-packages", "/.tox", "/.nox", "/library/caches", "/deriveddata", "/.terraform/providers",
	"/code cache", "/gpucache", "/cache2", "/cachestorage", "/shadercache", "/grshadercache", "/dawncache", "/cache_data", "/.pub-cache", "/.pnpm-store", "/.yarn/cache",
	"/appdata/local/temp", "/appdata/local/packages", "/.local/share/flatpak", "/.steam",
}

// isCache reports whether a folder is one of these; cargo says that the folder
// beside it has a Cargo.toml.
func isCache(path string, cargo bool) bool {
	p := strings.ToLower(filepath.ToSlash(path))
	if cargo && strings.HasSuffix(p, "/target") {
		return true
	}
	for _, c := range cacheFolders {
		if strings.HasSuffix(p, c) {
			return true
		}
	}
	return false
}

// likelyArchive reports whether an archive is where people put what they want to
// keep, or is named so.
func likelyArchive(path string) bool {
	p := strings.ToLower(filepath.ToSlash(path))
	name := p[strings.LastIndexByte(p, '/')+1:]
	for _, folder := range []string{"/downloads/", "/desktop/", "/documents/", "/backup/", "/backups/"} {
		if strings.Contains(p, folder) {
			return true
		}
	}
	for _, part := range []string{"backup", "bak", "old", "aws", "cred", "key", "secret", "export", ".docx", ".xlsx", ".pptx", ".odt", ".ods"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
