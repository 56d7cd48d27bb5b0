// Package job is what a timer starts. It runs often and acts rarely: it waits
// for the network, finishes what is unfinished, once a day rotates the keys that
// were put in its care and are due and looks at all of them, and tells the user
// what needs a person. It asks nobody anything.
package job
