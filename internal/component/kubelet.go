package component

import (
	"bytes"
	"path/filepath"
	"strings"
	"time"

	"ca-exchange/internal/durable"
)

// The kubelet keeps its pair in files named by their time and takes the newest through a link, NAME-current.pem
// (client-go certificate_store.go). It refuses to rotate where a regular file has the link's name, so what is installed
// there looks as if the kubelet had rotated it itself.

// datedName is the kubelet's own name for a pair that was written at a time: kubelet-client-2026-11-25-14-00-00.pem.
// The time of verification names it, not the clock: an installation that goes on after a kill finds its own file.
func datedName(combined string, at time.Time) string {
	return strings.Replace(filepath.Base(combined), "current", at.UTC().Format("2006-01-02-15-04-05"), 1)
}

// linkPair writes a pair under its dated name and swaps the link to it in. Until the link is renamed the kubelet reads
// the old pair, whole; the file that the old link named stays, as with the kubelet's own rotation.
func linkPair(dir *durable.Dir, name string, p place) error {
	have, _, err := dir.Through(name, sizeLimit)
	if linked, statErr := dir.Stat(name); err == nil && statErr == nil && linked.Link() && bytes.Equal(have, p.bytes) {
		return dir.Sync() // somebody may have been killed between the rename and this
	}
	if _, err := dir.Ensure(p.dated, p.bytes, p.mode); err != nil {
		return err
	}
	return dir.Link(p.dated, name)
}
