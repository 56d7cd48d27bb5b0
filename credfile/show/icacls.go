package show

// Icacls is the command that leaves a file, or a folder and what will be made in
// it, to a user and to the system, and takes it from the accounts with these SIDs
// (https://learn.microsoft.com/windows-server/administration/windows-commands/icacls).
// SYSTEM and Administrators go by their SIDs: their names are translated.
func Icacls(path string, folder bool, user string, others ...string) string {
	all := ":F"
	if folder {
		all = ":(OI)(CI)F"
	}
	argv := []string{"icacls", path, "/inheritance:r", "/grant:r", user + all, "*S-1-5-18" + all, "*S-1-5-32-544" + all}
	if len(others) > 0 {
		argv = append(argv, "/remove")
	}
	for _, sid := range others {
		argv = append(argv, "*"+sid)
	}
	return Command("windows", argv...)
}
