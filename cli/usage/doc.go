// Package usage reads the command tree: it reads a command line against it, and
// makes the help pages and the man page of it. The Description of a command is
// paragraphs, which are filled; lines that begin with a space stay as they are.
// The `NAME` in a flag's Usage stands for its value.
package usage
