// Package credfile reads and edits the AWS shared files: the credentials file
// and the config file.
//
// A file is scanned into lines and spans (Parse) and never rewritten from
// parsed data: an edit names spans of the original text, so bytes outside them
// cannot change. Because AWS's own tools disagree on many inputs, a profile's
// key pair is read as each of them reads it (Set.Readings), and an edit is made
// only where all agree before and after.
//
// The package makes no network call and prints nothing.
package credfile
