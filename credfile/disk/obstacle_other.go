//go:build unix && !linux

package disk

// systemObstacle knows nothing of this system's flags.
func systemObstacle(path, dir string) string { return "" }
