// Package notice shows a message on the user's desktop.
package notice

import (
	"errors"
	"strings"
	"time"

	"github.com/gen2brain/beeep"
)

// patience bounds how long the desktop may take: a session that has just ended
// leaves sockets behind that never answer.
const patience = 10 * time.Second

func init() { beeep.AppName = "keycare" }

// Show puts a notice on the desktop, by D-Bus or notify-send, by Notification
// Center, or as a toast on Windows. Where nobody is logged in to a desktop it is
// an error.
func Show(title, text string) error {
	done := make(chan error, 1)
	go func() { done <- beeep.Notify(plain(title), plain(text), "") }()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		return errors.New("the desktop does not answer")
	}
}

// plain takes away what a desktop may read as markup or as lines. Names of
// profiles come from a file that others may have written.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ', r == 0x7f:
			return ' '
		case strings.ContainsRune("<>&\"\\`$", r):
			return '\''
		}
		return r
	}, s)
}
