// Package format writes a report for people and for programs. A format is one
// file here and one line in the list of formats.
package format
