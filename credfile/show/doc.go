// Package show is the one door from a file, a reply of AWS or an error to a
// person: what may be shown at all, and how text, names, paths, command lines,
// counts and times are written. It reads nothing by itself, neither the
// environment nor a clock.
package show
