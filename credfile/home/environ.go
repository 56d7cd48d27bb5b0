package home

// Process is a running program of this user.
type Process struct {
	PID     int
	Program string // its name as the system keeps it, perhaps cut short
}
