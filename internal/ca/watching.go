package ca

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"
)

// watchFile tells other processes how the running watch goes about it. It is written only when that changes, and counts
// only while somebody holds the lock.
const watchFile = "watch.json"

// Watching is how a running watch serves its exchange.
type Watching struct {
	PID      int        `json:"pid"`
	Host     string     `json:"host"`
	Since    time.Time  `json:"since"`
	Exchange string     `json:"exchange"`
	Mode     string     `json:"mode"`              // events, or polling and why
	Poll     string     `json:"poll"`              // how often it looks in any case: "5s"
	Trouble  string     `json:"trouble,omitempty"` // what keeps it from serving
	Begun    *time.Time `json:"troubleSince,omitempty"`
}

// tell writes down how this watch goes about it, where that changed. It is a service to `status` alone: a CA directory
// that is full does not keep the watch from serving.
func (w *watch) tell() {
	now := w.Now().UTC().Truncate(time.Second)
	if w.told.PID == 0 {
		w.told.Host, _ = os.Hostname()
		w.told.PID, w.told.Since = os.Getpid(), now
	}
	next := w.told
	next.Exchange, next.Poll, next.Trouble = w.Sides.Inbox, w.Poll.String(), w.trouble
	if w.events != nil {
		next.Mode = w.events.Mode()
	}
	switch {
	case next == w.told:
		return
	case next.Trouble == "":
		next.Begun = nil
	case next.Begun == nil:
		next.Begun = &now
	}
	text, err := json.MarshalIndent(next, "", "  ")
	if err == nil {
		err = w.dir.Replace(watchFile, append(text, '\n'), 0o600)
	}
	if err == nil {
		w.told = next
	}
}

// Watching is the watch that runs on this CA directory, nil where none does.
func (c *CA) Watching() (*Watching, error) {
	lock, err := c.dir.Lock(lockFile)
	if err == nil {
		return nil, lock.Release()
	}
	if !errors.Is(err, ErrLocked) {
		return nil, err
	}
	text, _, err := c.dir.Read(watchFile, sizeLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return &Watching{}, nil
	}
	if err != nil {
		return nil, err
	}
	w := new(Watching)
	return w, json.Unmarshal(text, w)
}
