// Package state keeps what has to outlive a run: of each rotation in flight a
// journal, which holds no secret, and a recovery file, which holds both pairs;
// the history of those that ended; and what audits learned of keys and what never
// changes. It is files alone: it asks nobody and decides nothing.
package state
