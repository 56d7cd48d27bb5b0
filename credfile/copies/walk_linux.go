package copies

import "io/fs"

// seekData is lseek's way to the next data.
const seekData = 3

// inCloud: Linux shows no such files but on file systems of their own.
func inCloud(string, fs.DirEntry) bool { return false }
