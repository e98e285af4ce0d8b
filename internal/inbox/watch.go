package inbox

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/fsnotify/fsnotify"

	"ca-exchange/internal/durable"
)

// WatchOptions say how to look.
type WatchOptions struct{ NoEvents bool }

// Watch says when an inbox may be worth a look. A full scan is the truth; an event only means "soon", and where no
// events are to be had the caller's polling is all there is.
type Watch struct {
	x      *Exchange
	events *fsnotify.Watcher // nil: polling only
	why    string            // why it is nil
	failed bool              // it is nil for want of something that may come back
	wake   chan struct{}
	done   chan struct{}
}

// remoteFileSystems see other hosts' writes without an event: NFS, SMB, CIFS, FUSE (sshfs), 9p, Ceph, AFS.
var remoteFileSystems = map[int64]string{
	0x6969: "NFS", 0x517b: "SMB", 0xff534d42: "CIFS", 0xfe534d42: "SMB2", 0x65735546: "FUSE", 0x01021997: "9P",
	0x00c36400: "Ceph", 0x5346414f: "AFS",
}

// Watch starts watching. It never fails: without events it says why in Mode.
func (x *Exchange) Watch(o WatchOptions) *Watch {
	w := &Watch{x: x, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if w.why = x.deaf(o); w.why == "" {
		w.start()
	}
	if w.events == nil {
		close(w.done)
	}
	return w
}

// deaf says why events would not come for every change; "" where they do.
func (x *Exchange) deaf(o WatchOptions) string {
	if o.NoEvents {
		return "events are switched off"
	}
	self, err := x.in.dir.Self()
	if err != nil {
		return err.Error()
	}
	if name, remote := remoteFileSystems[self.FileSystem]; remote {
		return name + " reports no event for other hosts' writes"
	}
	return ""
}

func (w *Watch) start() {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		w.why, w.failed = fmt.Sprintf("no events: %v: see fs.inotify.max_user_instances", err), true
		return
	}
	if err := events.Add(w.x.in.dir.Path()); err != nil {
		w.why, w.failed = fmt.Sprintf("no events: %v: see fs.inotify.max_user_watches", err), true
		events.Close()
		return
	}
	w.events = events
	go w.listen()
}

// listen turns events into at most one waiting wake-up; it ends when the watcher is closed.
func (w *Watch) listen() {
	defer close(w.done)
	for {
		select {
		case e, ok := <-w.events.Events:
			if !ok {
				return
			}
			if durable.IsTemporary(filepath.Base(e.Name)) || e.Op == fsnotify.Chmod {
				continue
			}
		case _, ok := <-w.events.Errors: // an overflow, too, only means: look
			if !ok {
				return
			}
		}
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// Wake is ready when something may have come.
func (w *Watch) Wake() <-chan struct{} { return w.wake }

// Refresh watches the teams that are served by now, and no others; those that are gone dropped out by themselves. The
// error counts those that are served by polling alone, for want of watches.
func (w *Watch) Refresh() error {
	if w.events == nil {
		return nil
	}
	watched := map[string]bool{}
	for _, path := range w.events.WatchList() {
		watched[path] = true
	}
	delete(watched, w.x.in.dir.Path())
	polled, first := 0, error(nil)
	for _, team := range w.x.in.teams(&Unlisted{}) {
		path := filepath.Join(w.x.in.dir.Path(), team)
		if watched[path] {
			delete(watched, path)
			continue
		}
		switch err := w.events.Add(path); {
		case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission): // Entries reports the latter
		default:
			if polled++; first == nil {
				first = err
			}
		}
	}
	for path := range watched { // served no more
		w.events.Remove(path) // an error: it dropped out meanwhile
	}
	if polled == 0 {
		return nil
	}
	return fmt.Errorf("%d sub-directories are served by polling alone: %w: see fs.inotify.max_user_watches",
		polled, first)
}

// Failed says that events are missing for want of something that may come back, such as a watch of the user's limit.
func (w *Watch) Failed() bool { return w.failed }

// Mode says how the inbox is watched, and why not by events where it is not.
func (w *Watch) Mode() string {
	if w.events != nil {
		return "events"
	}
	return fmt.Sprintf("polling (%s)", w.why)
}

// Close ends the watch and waits for it.
func (w *Watch) Close() error {
	var err error
	if w.events != nil {
		err = w.events.Close()
	}
	<-w.done
	return err
}
