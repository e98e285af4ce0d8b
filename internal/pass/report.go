package pass

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"ca-exchange/internal/ca"
)

// watchFile reports the running watch's mode to other processes. It is written only when that changes, and counts only
// while somebody holds the lock.
const (
	watchFile      = "watch.json"
	watchFileLimit = 1 << 20
)

// WatchReport is a running watch.
type WatchReport struct {
	PID       int              `json:"pid"`
	Host      string           `json:"host"`
	Since     time.Time        `json:"since"`
	Poll      string           `json:"poll"`   // how often it looks in any case: "5s"
	Locked    []string         `json:"locked"` // issuers whose keys it does not have
	Exchanges []ExchangeReport `json:"exchanges"`
}

// ExchangeReport is how one exchange is served.
type ExchangeReport struct {
	Exchange string     `json:"exchange"`
	Mode     string     `json:"mode"`              // events, or polling and why
	Trouble  string     `json:"trouble,omitempty"` // what keeps the watch from serving it
	Begun    *time.Time `json:"troubleSince,omitempty"`
}

// reports writes down how the exchanges are served, where that changed. It serves `status` alone: a CA directory that
// is full does not keep the watch from serving.
type reports struct {
	ca  *ca.CA
	mu  sync.Mutex
	now WatchReport
}

func newReports(c *ca.CA, o WatchOptions) *reports {
	host, _ := os.Hostname() // only for people
	return &reports{ca: c, now: WatchReport{
		PID: os.Getpid(), Host: host, Since: c.Now().UTC().Truncate(time.Second), Poll: o.Poll.String(),
		Exchanges: make([]ExchangeReport, len(o.Exchanges)),
	}}
}

func (r *reports) change(i int, next ExchangeReport) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.now.Exchanges[i]
	if next.Trouble != "" {
		now := r.ca.Now().UTC().Truncate(time.Second)
		next.Begun = &now
		if before.Trouble != "" {
			next.Begun = before.Begun
		}
	}
	locked := append([]string{}, r.ca.Absent()...)
	if next == before && slices.Equal(locked, r.now.Locked) {
		return
	}
	r.now.Exchanges[i], r.now.Locked = next, locked
	text, err := json.MarshalIndent(r.now, "", "  ")
	if err == nil {
		err = r.ca.Dir().Replace(watchFile, append(text, '\n'), 0o600)
	}
	if err != nil {
		r.now.Exchanges[i], r.now.Locked = before, nil // the next round tries again
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
