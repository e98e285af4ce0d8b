package requesttest

import (
	"bytes"
	"strings"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// covers are edited by hand, by a mail program, or by somebody who hopes for a second reading.
func (m *maker) covers() {
	m.t.Helper()
	c := m.cover()
	c.Cluster, c.Node, c.Days, c.Replaces = "prod", "cp1", 180, strings.Repeat("cd", 32)
	full := request.Encode(c, m.der(m.key, nil))
	created, expires := "Created: "+pki.Stamp(c.Created), "Expires: "+pki.Stamp(c.Expires)
	hash := strings.Repeat("ab", 32)
	edits := []edit{
		{"version-2", "Certificate-Request: v1\n", "Certificate-Request: v2\n"},
		{"version-blank", "Certificate-Request: v1\n", "Certificate-Request: v1 \n"},
		{"no-profile", "Profile: server\n", ""},
		{"no-requester", "Requester: cp1-admin\n", ""},
		{"no-trust", "Trust: sha256:" + hash + "\n", ""},
		{"no-created", created + "\n", ""},
		{"no-expires", expires + "\n", ""},
		{"no-nonce", "Nonce: " + strings.Repeat("0f", 16) + "\n", ""},
		{"order", "Profile: server\nRequester: cp1-admin\n", "Requester: cp1-admin\nProfile: server\n"},
		{"profile-twice", "Profile: server\n", "Profile: server\nProfile: admin\n"},
		{"node-twice", "Node: cp1\n", "Node: cp1\nNode: cp2\n"},
		{"unknown-line", "Node: cp1\n", "Node: cp1\nUrgent: yes\n"},
		{"line-behind", strings.Repeat("0f", 16) + "\n", strings.Repeat("0f", 16) + "\nUrgent: yes\n"},
		{"folded-line", "Node: cp1\n", "Node: cp1\n cp2\n"},
		{"lower-case-line", "Node: cp1\n", "node: cp1\n"},
		{"no-blank-after-colon", "Node: cp1\n", "Node:cp1\n"},
		{"two-blanks-after-colon", "Node: cp1\n", "Node:  cp1\n"},
		{"blank-at-end", "Node: cp1\n", "Node: cp1 \n"},
		{"tab-at-end", "Node: cp1\n", "Node: cp1\t\n"},
		{"cr-in-one-line", "Node: cp1\n", "Node: cp1\r\n"},
		{"signature-in-cover", "Node: cp1\n", "Node: cp1\n-----BEGIN SSH SIGNATURE-----\n"},
	}
	for _, e := range append(edits, coverValues(hash, created, expires)...) {
		m.add("cover-"+e.name, refusal.CoverMalformed, m.swap(full, e.old, e.new))
	}
	m.coverPlaces(full)
}

// edit replaces one place of a good cover.
type edit struct{ name, old, new string }

// coverValues have a line whose value has another form than its encoding.
func coverValues(hash, created, expires string) []edit {
	return []edit{
		{"node-empty", "Node: cp1\n", "Node: \n"},
		{"node-upper-case", "Node: cp1\n", "Node: CP1\n"},
		{"node-wildcard", "Node: cp1\n", "Node: *.example.com\n"},
		{"node-path", "Node: cp1\n", "Node: ../cp1\n"},
		{"node-colon", "Node: cp1\n", "Node: system:masters\n"},
		{"profile-empty", "Profile: server\n", "Profile: \n"},
		{"profile-path", "Profile: server\n", "Profile: ../server\n"},
		{"profile-65", "Profile: server\n", "Profile: " + strings.Repeat("p", 65) + "\n"},
		{"profile-utf8", "Profile: server\n", "Profile: sérver\n"},
		{"requester-hyphen", "Requester: cp1-admin\n", "Requester: -admin\n"},
		{"requester-glob", "Requester: cp1-admin\n", "Requester: *\n"},
		{"cluster-quoted", "Cluster: prod\n", "Cluster: \"prod\"\n"},
		{"trust-bare", "Trust: sha256:", "Trust: "},
		{"trust-upper-case", "Trust: sha256:" + hash, "Trust: sha256:" + strings.ToUpper(hash)},
		{"trust-short", "Trust: sha256:ab", "Trust: sha256:"},
		{"trust-sha1", "Trust: sha256:" + hash, "Trust: sha1:" + hash[:40]},
		{"replaces-bare", "Replaces: sha256:", "Replaces: "},
		{"days-0", "Days: 180", "Days: 0"},
		{"days-negative", "Days: 180", "Days: -1"},
		{"days-plus", "Days: 180", "Days: +180"},
		{"days-zeros", "Days: 180", "Days: 0180"},
		{"days-hex", "Days: 180", "Days: 0xb4"},
		{"days-too-many", "Days: 180", "Days: 36501"},
		{"days-overflow", "Days: 180", "Days: 99999999999999999999"},
		{"days-unit", "Days: 180", "Days: 180d"},
		{"created-offset", created, strings.Replace(created, "Z", "+00:00", 1)},
		{"created-fraction", created, strings.Replace(created, "Z", ".5Z", 1)},
		{"created-date", created, created[:len("Created: 2026-11-23")]},
		{"created-no-date", created, "Created: 2026-02-30T00:00:00Z"},
		{"created-leap-second", created, "Created: 2016-12-31T23:59:60Z"},
		{"expires-before-created", expires, "Expires: 2020-01-01T00:00:00Z"},
		{"expires-year-10000", expires, "Expires: 10000-01-01T00:00:00Z"},
		{"nonce-short", "Nonce: 0f", "Nonce: "},
		{"nonce-upper-case", "Nonce: " + strings.Repeat("0f", 16), "Nonce: " + strings.Repeat("0F", 16)},
	}
}

// coverPlaces have a good cover where no cover belongs, or something else around it.
func (m *maker) coverPlaces(full []byte) {
	m.t.Helper()
	cover, csr, _ := bytes.Cut(full, []byte("\n\n"))
	der := m.der(m.key, nil)
	for _, c := range []struct {
		name  string
		code  refusal.Code
		entry []byte
	}{
		{"crlf", refusal.CoverMalformed, bytes.ReplaceAll(full, []byte("\n"), []byte("\r\n"))},
		{"no-blank-line", refusal.CoverMalformed, join(string(cover), "\n", string(csr))},
		{"blank-line-first", refusal.CoverMalformed, join("\n", string(full))},
		{"text-first", refusal.CoverMalformed, join("hello\n", string(full))},
		{"indented", refusal.CoverMalformed, join("  ", string(full))},
		{"upper-case", refusal.CoverMalformed, m.swap(full, "Certificate-Request:", "CERTIFICATE-REQUEST:")},
		{"twice", refusal.EntryBlocks, join(string(cover), "\n\n", string(cover), "\n\n", string(csr))},
		{"below", refusal.EntryBlocks, join(string(csr), string(cover), "\n")},
		{"only", refusal.EntryIncomplete, join(string(cover), "\n\n")},
		{"two-blank-lines", refusal.EntryBlocks, join(string(cover), "\n\n\n", string(csr))},
		{"text-below", refusal.EntryBlocks, join(string(cover), "\n\nhello\n", string(csr))},
		{"blank-line-at-end", refusal.EntryBlocks, join(string(full), "\n")},
		{"no-line-feed-at-end", refusal.EntryIncomplete, full[:len(full)-1]},
		{"pem-76-columns", refusal.EntryPEM, append(append(bytes.Clone(cover), "\n\n"...),
			wrap("CERTIFICATE REQUEST", der, 76)...)},
		{"pem-one-line", refusal.EntryPEM, append(append(bytes.Clone(cover), "\n\n"...),
			wrap("CERTIFICATE REQUEST", der, 1<<20)...)},
		{"new-certificate-request", refusal.EntryPEM, append(append(bytes.Clone(cover), "\n\n"...),
			wrap("NEW CERTIFICATE REQUEST", der, 64)...)},
		{"pem-blank-at-end", refusal.EntryPEM, bytes.Replace(full, []byte("REQUEST-----\n"), []byte("REQUEST----- \n"),
			1)},
	} {
		m.add("cover-"+c.name, c.code, c.entry)
	}
}
