package pass

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"

	"ca-exchange/internal/ca"
)

// watchFile reports the running watch's mode to other processes. It is written only when that changes, and counts only
// while somebody holds the lock.
const (
	watchFile      = "watch.json"
	watchFileLimit = 1 << 20
)

// WatchReport is how a running watch serves its exchange.
type WatchReport struct {
	PID      int        `json:"pid"`
	Host     string     `json:"host"`
	Since    time.Time  `json:"since"`
	Exchange string     `json:"exchange"`
	Mode     string     `json:"mode"`              // events, or polling and why
	Poll     string     `json:"poll"`              // how often it looks in any case: "5s"
	Trouble  string     `json:"trouble,omitempty"` // what keeps it from serving
	Begun    *time.Time `json:"troubleSince,omitempty"`
}

// report writes the watch's mode down where it changed. It serves `status` alone: a CA directory that is full does not
// keep the watch from serving.
func (w *watch) report() {
	now := w.Now().UTC().Truncate(time.Second)
	if w.reported.PID == 0 {
		w.reported.Host, _ = os.Hostname()
		w.reported.PID, w.reported.Since = os.Getpid(), now
	}
	next := w.reported
	next.Exchange, next.Poll, next.Trouble = w.Sides.Inbox, w.Poll.String(), w.trouble
	if w.events != nil {
		next.Mode = w.events.Mode()
	}
	switch {
	case next == w.reported:
		return
	case next.Trouble == "":
		next.Begun = nil
	case next.Begun == nil:
		next.Begun = &now
	}
	text, err := json.MarshalIndent(next, "", "  ")
	if err == nil {
		err = w.Dir().Replace(watchFile, append(text, '\n'), 0o600)
	}
	if err == nil {
		w.reported = next
	}
}

// Watching is the watch that runs on this CA directory, nil where none does.
func Watching(c *ca.CA) (*WatchReport, error) {
	lock, err := c.Lock()
	if err == nil {
		return nil, lock.Release()
	}
	if !errors.Is(err, ca.ErrLocked) {
		return nil, err
	}
	text, _, err := c.Dir().Read(watchFile, watchFileLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return &WatchReport{}, nil
	}
	if err != nil {
		return nil, err
	}
	w := new(WatchReport)
	return w, json.Unmarshal(text, w)
}
