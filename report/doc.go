// Package report judges what is known about the keys on a machine and writes
// the findings for people and for programs.
//
// It is given plain data (Input) and asks nothing: it opens no file, makes no
// network call and changes nothing. Findings name key IDs, never secrets.
package report
