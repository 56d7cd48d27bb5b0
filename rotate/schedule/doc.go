// Package schedule makes the timer that starts "keycare schedule run": a systemd
// user timer, a launchd agent, a task of the Windows Task Scheduler or a block in
// the user's crontab. What is written is rendered by pure functions, the same on
// every system, and can be read back; only a Run starts the system's programs.
//
// It knows nothing of what the timer's job does.
package schedule
