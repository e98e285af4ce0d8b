package ledger

import (
	"strings"
	"time"
)

// Filter selects certificates; what is left zero selects all. Everything given must hold.
type Filter struct {
	Serial, Fingerprint string // hex

	Keys      []string // SHA-256 of a SubjectPublicKeyInfo, hex: those of any of these keys; reads every request
	Node      string   // GLOB pattern
	Profile   string
	Except    string // not this profile
	Requester string
	Issuer    string
	Status    string    // Valid or Revoked
	Name      string    // GLOB pattern (* ? [a-z]) for the common name or any subject alternative name
	EndsFrom  time.Time // ends at this time or later
	EndsUntil time.Time // ends at this time or earlier
	Current   bool      // only those that are not superseded
	Brief     bool      // half of the work: without what briefColumns lacks
	Order     Order
	Limit     int // 0: no limit
}

// Order is how a list of certificates is sorted.
type Order int

const (
	ByEnd       Order = iota // those that end first
	ByIssue                  // those that were issued last
	ByNode                   // by node, then profile
	ByRequester              // by requester, then profile
)

func (o Order) clause() string {
	switch o {
	case ByIssue:
		return " ORDER BY c.num DESC"
	case ByNode:
		return " ORDER BY c.node, c.profile, c.not_after, c.num"
	case ByRequester:
		return " ORDER BY c.requester, c.profile, c.not_after, c.num"
	}
	return " ORDER BY c.not_after, c.num"
}

// nameGlob compares the pattern with the common name and with each name behind its kind ("DNS:www.example").
const nameGlob = `(c.subject GLOB 'CN="' || ? || '"*' OR EXISTS
	(SELECT 1 FROM json_each(c.names) WHERE substr(value, instr(value, ':') + 1) GLOB ?))`

// escaped are the characters that JSON may write in another way. A pattern without them is compared with the whole list
// first: to take each list apart is slow.
const escaped = `"\&<>`

// equals compares a node with a name or a pattern.
func equals(node string) string {
	if strings.ContainsAny(node, "*?[") {
		return "c.node GLOB ?"
	}
	return "c.node = ?"
}

// query gives what follows the tables, and its values.
func (f Filter) query() (rest string, args []any) {
	var where []string
	and := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	for _, equal := range []struct{ column, value string }{
		{"c.profile", f.Profile}, {"c.requester", f.Requester}, {"c.status", f.Status},
	} {
		if equal.value != "" {
			and(equal.column+" = ?", equal.value)
		}
	}
	if f.Except != "" {
		and("c.profile <> ?", f.Except)
	}
	if f.Issuer != "" {
		and("c.issuer IN (SELECT num FROM issuers WHERE name = ?)", f.Issuer)
	}
	if f.Fingerprint != "" {
		and(byFingerprint, fingerprintArgs(f.Fingerprint)...)
	}
	if f.Serial != "" {
		and("c.serial = ?", packed(f.Serial))
	}
	if len(f.Keys) > 0 {
		and("c.request IN (SELECT num FROM requests WHERE key_fingerprint IN "+marks(len(f.Keys))+")",
			packedAll(f.Keys)...)
	}
	if f.Node != "" {
		and(equals(f.Node)+" AND c.node <> ''", f.Node) // the condition of the index
	}
	if f.Name != "" {
		if !strings.ContainsAny(f.Name, escaped) {
			and("(c.names GLOB '*:' || ? || '\"*' OR c.subject GLOB 'CN=\"' || ? || '\"*')", f.Name, f.Name)
		}
		and(nameGlob, f.Name, f.Name)
	}
	if !f.EndsFrom.IsZero() {
		and("c.not_after >= ?", seconds(f.EndsFrom))
	}
	if !f.EndsUntil.IsZero() {
		and("c.not_after <= ?", seconds(f.EndsUntil))
	}
	if f.Current {
		and("c.superseded = 0")
	}
	if len(where) > 0 {
		rest = "WHERE " + strings.Join(where, " AND ")
	}
	rest += f.Order.clause()
	if f.Limit > 0 {
		rest, args = rest+" LIMIT ?", append(args, f.Limit)
	}
	return rest, args
}

// packedAll are texts of hex as the values of a query.
func packedAll(texts []string) []any {
	args := make([]any, len(texts))
	for i, text := range texts {
		args[i] = packed(text)
	}
	return args
}
