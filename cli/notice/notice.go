// Package notice shows a message on the user's desktop.
package notice

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
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
func Show(title, text string) error { return show(title, text) }

// here shows a notice in this process.
func here(title, text string) error {
	done := make(chan error, 1)
	go func() { done <- safely(func() error { return beeep.Notify(plain(title), plain(text), "") }) }()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		return errors.New("the desktop does not answer")
	}
}

// safely makes an error of a panic. Windows' toasts belong to one thread.
func safely(do func() error) (err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("what shows notices broke off")
		}
	}()
	return do()
}

// word is the whole command line of a process that Show starts.
const word = "show-notice-from-stdin"

// Asked reports whether this process, with these arguments, is one that shows a
// notice and does nothing else.
func Asked(args []string) bool { return len(args) == 1 && args[0] == word }

// Answer shows the notice that in has, the title in its first line, and returns
// the exit code. errs gets a sentence if it cannot be shown.
func Answer(in io.Reader, errs io.Writer) int {
	const most = 64 << 10
	b, err := io.ReadAll(io.LimitReader(in, most))
	if err == nil {
		title, text, _ := strings.Cut(string(b), "\n")
		err = here(title, text)
	}
	if err != nil {
		fmt.Fprintln(errs, strings.ReplaceAll(err.Error(), "\n", " "))
		return 1
	}
	return 0
}

// apart shows a notice in a process of its own: the desktop's libraries may take
// down the one that they are in.
func apart(program, title, text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience+patience/2)
	defer cancel()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program, word)
	cmd.Stdin, cmd.Stderr = strings.NewReader(title+"\n"+text), &said
	cmd.WaitDelay = time.Second
	noWindow(cmd)
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errors.New("the desktop does not answer")
	case errors.As(err, &exit) && exit.ExitCode() == 1 && said.Len() > 0:
		return errors.New(strings.TrimSpace(said.String()))
	}
	return fmt.Errorf("what shows notices broke off: %w", err)
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
