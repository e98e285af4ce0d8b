package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// Place is what a certificate has in common with the one that renews it.
type Place struct {
	Requester string
	Profile   string
	Subject   string
	Node      string   // "" where there is none
	Names     []string // in the order of the plan; they count where there is no node
}

// Place is where the certificate is used.
func (k Certificate) Place() Place { return Place{k.Requester, k.Profile, k.Subject, k.Node, k.Names} }

// key is the same for equal places, and only for them.
func (p Place) key() string {
	parts := []string{p.Requester, p.Profile, p.Subject, p.Node}
	if p.Node == "" {
		parts = append(parts, p.Names...)
	}
	return strings.Join(parts, "\x00")
}

// number is the column place: by it a place's certificates are found in one step of an index.
func (p Place) number() (int64, error) {
	names, err := list(p.Names)
	return placeNumber(p.Requester, p.Profile, p.Subject, p.Node, names), err
}

// placeNumber takes the columns as they are stored.
func placeNumber(requester, profile, subject, node, names string) int64 {
	if node != "" {
		names = ""
	}
	h := sha256.New()
	field(h, requester, profile, subject, node, names)
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}

// samePlace holds for two rows of certificates, s and c, of one place. The number finds them; two may share it. The
// plus keeps SQLite from looking by requester: it may have asked for all there are.
const samePlace = `s.place = c.place AND (+s.requester, s.profile, s.subject, s.node) =
	(c.requester, c.profile, c.subject, c.node) AND (s.node <> '' OR s.names = c.names)`

// newest gives the change of each place, by its key, whose certificate is the newest of a batch.
func newest(steps []*step) map[string]*step {
	last := map[string]*step{}
	for _, s := range steps {
		k := s.Certificate
		if k == nil {
			continue
		}
		key := k.Place().key()
		if other := last[key]; other == nil || seconds(other.Certificate.Issued) <= seconds(k.Issued) {
			last[key] = s
		}
	}
	return last
}

// supersede turns the certificates around that the newest ones of a batch supersede: those that were in use at their
// places, and those that they renew.
func (w *writing) supersede(newest map[string]*step, replaced map[string]int64) error {
	var added, renewed []any
	for _, s := range newest {
		added = append(added, s.certificate)
	}
	for _, num := range replaced {
		renewed = append(renewed, num)
	}
	if _, err := w.put(w.ctx, supersedePlaces, added); err != nil {
		return err
	}
	_, err := w.put(w.ctx, supersedeRenewed, renewed)
	return err
}
