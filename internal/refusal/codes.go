package refusal

// Code names a broken rule. Codes are stable: scripts, notices and docs/refusals.md use them.
type Code string

// What an entry, a CSR, a key, a name, a cover or a signature may break.
const (
	EntryTooLarge   Code = "entry-too-large"
	EntryNotRegular Code = "entry-not-regular"
	EntryEncoding   Code = "entry-encoding"
	EntryUTF16      Code = "entry-utf16"
	EntryLineEnds   Code = "entry-line-ends"
	EntryIncomplete Code = "entry-incomplete"
	EntryNoRequest  Code = "entry-no-request"
	EntryBlocks     Code = "entry-blocks"
	EntryPEM        Code = "entry-pem"
	EntryPrivateKey Code = "entry-private-key"

	CSRMalformed  Code = "csr-malformed"
	CSRVersion    Code = "csr-version"
	CSRAlgorithm  Code = "csr-algorithm"
	CSRSignature  Code = "csr-signature"
	CSRAttribute  Code = "csr-attribute"
	MicrosoftName Code = "microsoft-name"

	KeyUnsupported Code = "key-unsupported"
	KeyWeak        Code = "key-weak"
	KeyBlocked     Code = "key-blocked"

	SubjectMalformed Code = "subject-malformed"
	SubjectReserved  Code = "subject-reserved"
	SubjectLength    Code = "subject-length"

	ExtensionMalformed Code = "extension-malformed"
	ExtensionDangerous Code = "extension-dangerous"
	ExtensionForeign   Code = "extension-foreign"
	Authority          Code = "authority"

	NameKind   Code = "name-kind"
	NameDNS    Code = "name-dns"
	NameForm   Code = "name-form"
	NameIP     Code = "name-ip"
	NameAbsent Code = "name-absent"
	NameCount  Code = "name-count"

	CoverMalformed Code = "cover-malformed"
	CoverTrust     Code = "cover-trust"
	CoverCluster   Code = "cover-cluster"
	CoverNode      Code = "cover-node"
	CoverExpired   Code = "cover-expired"
	CoverFuture    Code = "cover-future"
	CoverRequester Code = "cover-requester"

	SignatureAbsent     Code = "signature-absent"
	SignatureUnknownKey Code = "signature-unknown-key"
	SignatureBroken     Code = "signature-broken"
	SignatureUncovered  Code = "signature-uncovered"

	ProfileUnknown   Code = "profile-unknown"
	ProfileAmbiguous Code = "profile-ambiguous"
	ProfileUnstated  Code = "profile-unstated"
	ProfileSubject   Code = "profile-subject"
	ProfileUsage     Code = "profile-usage"
	ProfileNames     Code = "profile-names"
	ProfileKey       Code = "profile-key"

	ScopeProfile Code = "scope-profile"
	ScopeNode    Code = "scope-node"
	ScopeName    Code = "scope-name"
	ScopeUser    Code = "scope-user"
	ScopeGroup   Code = "scope-group"

	NodeAbsent Code = "node-absent"
	GroupLost  Code = "group-lost"

	Guarded         Code = "guarded"
	Renewal         Code = "renewal"
	RenewalFork     Code = "renewal-fork"
	CertificateRate Code = "certificate-rate"
	CertificateOver Code = "certificate-over"
	InboxOpen       Code = "inbox-open"
	IssuerAbsent    Code = "issuer-absent"
	DeniedByPerson  Code = "denied-by-person"
)

// meaning is what a code stands for, what it leads to and what the asking side can do about it.
type meaning struct {
	code       Code
	outcome    Outcome
	text, hint string
}

// meanings is the one table of codes; docs/refusals.md is made of it.
var meanings = [...]meaning{
	{EntryTooLarge, Deny,
		"the entry is over 64 KiB",
		"send one CSR, not a bundle or an archive"},
	{EntryNotRegular, Deny,
		"the entry is a symbolic link",
		"copy the file itself into the inbox"},
	{EntryEncoding, Deny,
		"the entry is not text in UTF-8, and not a request in DER",
		"send the CSR itself: not an archive, and no text in another character set around it"},
	{EntryUTF16, Deny,
		"the entry is text in UTF-16, as a PowerShell redirect writes it",
		"convert it: iconv -f UTF-16 -t UTF-8 FILE > NAME.csr"},
	{EntryLineEnds, Deny,
		"the lines of the entry end with CR alone",
		"convert it: tr '\\r' '\\n' < FILE > NAME.csr"},
	{EntryIncomplete, Deny,
		"the entry has no END line, and has not changed for too long",
		"copy the whole file again"},
	{EntryNoRequest, Deny,
		"the entry does not contain a certificate request",
		"make one: component-admin request, or openssl req -new"},
	{EntryBlocks, Deny,
		"the entry contains more than one request, or something after it",
		"put one request into one file"},
	{EntryPEM, Deny,
		"the PEM encoding is damaged or has headers",
		"copy the file again, unchanged"},
	{EntryPrivateKey, Deny,
		"the entry contains a private key; it was removed and not stored",
		"that key is no longer secret: make a new one and keep it on its host"},
	{CSRMalformed, Deny,
		"the request is not DER-encoded PKCS#10 (RFC 2986)",
		"make the request again with a current tool"},
	{CSRVersion, Deny,
		"the request's version is not 0 (RFC 2986 4.1)",
		"make the request again with a current tool"},
	{CSRAlgorithm, Deny,
		"the request is signed with an algorithm that is not accepted",
		"sign it with SHA-256 or better: openssl req -new -sha256"},
	{CSRSignature, Deny,
		"the request's own signature does not match its key",
		"make the request again: the file was changed, or was not signed with its own key"},
	{CSRAttribute, Deny,
		"the request's attributes are malformed, or the extension request occurs twice",
		"make the request again with one extension request"},
	{MicrosoftName, Hold,
		"the names are in a Microsoft attribute, which is not read",
		"ask again with a subjectAltName, or approve with --dns and --ip"},
	{KeyUnsupported, Deny,
		"no certificate is issued for this type of key",
		"use RSA-2048, RSA-3072, RSA-4096, ECDSA-P256 or ECDSA-P384"},
	{KeyWeak, Deny,
		"the key is weak",
		"make a new key: component-admin request, or openssl genrsa 2048"},
	{KeyBlocked, Deny,
		"the key is on the list of blocked keys",
		"make a new key"},
	{SubjectMalformed, Deny,
		"the subject is malformed or misleading",
		"ask for a common name in printable characters"},
	{SubjectReserved, Deny,
		"the subject claims an identity that Kubernetes reserves, and the profile does not have it",
		"ask under the profile that has this identity"},
	{SubjectLength, Deny,
		"an attribute of the subject is longer than X.520 allows",
		"shorten it: CN and O have at most 64 characters"},
	{ExtensionMalformed, Deny,
		"an extension is malformed or occurs twice",
		"make the request again with each extension once"},
	{ExtensionDangerous, Deny,
		"the request has a dangerous extension, or a critical one that is not understood",
		"ask without this extension; a sub-CA's request has CA:TRUE and keyCertSign"},
	{ExtensionForeign, Hold,
		"the request has extensions that are never copied",
		"leave them out, or have the request approved without them"},
	{Authority, Hold,
		"the request asks to be an authority, which no request in the inbox becomes",
		"the CA admin signs a sub-CA by hand: ca-admin sign FILE --authority"},
	{NameKind, Deny,
		"a name is of a kind that no certificate here has",
		"ask for DNS names and IP addresses"},
	{NameDNS, Deny,
		"a DNS name is invalid (RFC 1034, RFC 5890)",
		"use letters, digits and hyphens, in labels of at most 63"},
	{NameForm, Hold,
		"a DNS name is not written as certificates have it: it is an address, ends in a dot, has capitals or Unicode",
		"ask again, or approve, with the name as it is allowed: --dns NAME, --ip ADDRESS"},
	{NameIP, Deny,
		"an IP address is not one that a certificate can name",
		"ask for the address that clients use, not 0.0.0.0 or a multicast address"},
	{NameAbsent, Hold,
		"a server's request has no names: TLS clients compare subject alternative names and ignore the CN",
		"ask again with --dns NAME or --ip ADDRESS, or approve with them"},
	{NameCount, Hold,
		"the request asks for more than 100 names",
		"split it, or have it approved"},
	{CoverMalformed, Deny,
		"the cover does not have the form of ca-exchange/v1",
		"let component-admin write it, or leave it out"},
	{CoverTrust, Deny,
		"the request is meant for another CA",
		"component-admin trust --fingerprint with this CA's fingerprint"},
	{CoverCluster, Deny,
		"the request is meant for another cluster",
		"drop it into that cluster's exchange"},
	{CoverNode, Deny,
		"the cover names another node than the CSR",
		"ask again with one node"},
	{CoverExpired, Deny,
		"the request has expired",
		"component-admin sync writes a new cover"},
	{CoverFuture, Deny,
		"the request was made in the future",
		"set the clock of the host that made it, then ask again"},
	{CoverRequester, Deny,
		"the cover names another requester than the key that signed it",
		"component-admin config --name with the name you were enrolled under"},
	{SignatureAbsent, Hold,
		"the request is not signed by a requester",
		"wait for the CA admin, or sign with an enrolled identity"},
	{SignatureUnknownKey, Hold,
		"the request is signed by a key that is not enrolled",
		"have the key enrolled: ca-admin enroll NAME --from ID"},
	{SignatureBroken, Deny,
		"the requester's signature does not match the request",
		"the file was changed: component-admin sync drops it again"},
	{SignatureUncovered, Deny,
		"a signature follows a CSR without a cover: it would be valid for any CA, forever",
		"let component-admin write the request, or leave the signature out"},
	{ProfileUnknown, Hold,
		"the policy does not have this profile",
		"ca-admin profiles lists them"},
	{ProfileAmbiguous, Hold,
		"more than one profile matches the request",
		"ask with a cover, or approve with --profile"},
	{ProfileUnstated, Hold,
		"the request matches a profile that it does not name",
		"wait for the CA admin, who approves it with --profile, or ask with a cover: component-admin request"},
	{ProfileSubject, Hold,
		"the subject is not the profile's",
		"ask again under the profile's own subject"},
	{ProfileUsage, Hold,
		"the certificate would lose a usage that the request asks for",
		"ask under a profile that has it, or have it approved with --without-usage"},
	{ProfileNames, Hold,
		"this profile does not allow these subject alternative names",
		"ask again without them"},
	{ProfileKey, Hold,
		"this profile does not allow this key type",
		"ask again with --key-type RSA-2048"},
	{ScopeProfile, Hold,
		"the profile is outside the requester's scope",
		"wait for the CA admin, or have the scope widened"},
	{ScopeNode, Hold,
		"the node is outside the requester's scope",
		"wait for the CA admin, or have the scope widened"},
	{ScopeName, Hold,
		"a name is outside the requester's scope",
		"wait for the CA admin, or have the scope widened"},
	{ScopeUser, Hold,
		"the common name is a user outside the requester's scope",
		"wait for the CA admin, or have the scope widened: ca-admin scope NAME --add-user USER"},
	{ScopeGroup, Hold,
		"the organisation is a group outside the requester's scope",
		"wait for the CA admin, or have the scope widened: ca-admin scope NAME --add-group GROUP"},
	{NodeAbsent, Hold,
		"the profile's certificate names a node, and the request names none",
		"ask again with --node NODE, or have it approved with --node"},
	{GroupLost, Hold,
		"the certificate would lose a group that means something here",
		"ask under a profile that keeps it, or have it approved with --without-group"},
	{Guarded, Hold,
		"the profile is guarded: a person decides every time",
		"wait for the CA admin"},
	{Renewal, Hold,
		"the certificate to be replaced was revoked: a person decides whether this host is trusted again",
		"wait for the CA admin"},
	{RenewalFork, Hold,
		"another requester has replaced the same certificate with another key: two hosts hold one identity",
		"wait for the CA admin, who has to find out which of the two is the right one"},
	{CertificateRate, Hold,
		"too many certificates of this place were issued within a day",
		"wait: it is decided again by itself; a host that renews in a loop has to be mended"},
	{InboxOpen, Hold,
		"everybody may write where the request was dropped, so being there does not authenticate it",
		"wait for the CA admin, who may close the directory to others (chmod o-w); or sign the request"},
	{IssuerAbsent, Hold,
		"no issuer yet: the CA waits for its parent's signature",
		"wait: it is decided again by itself once the CA admin has adopted the issuers"},
	{CertificateOver, Hold,
		"the certificate issued for this request is expired, revoked or about to expire",
		"ask again with a new request"},
	{DeniedByPerson, Deny,
		"the CA admin denied the request",
		"ask the CA admin why, then make a new request"},
}

// Outcome is what the code leads to; an unknown code denies.
func (c Code) Outcome() Outcome {
	if m, ok := c.find(); ok {
		return m.outcome
	}
	return Deny
}

// Meaning states the broken rule in a sentence, for people; "" for a code this version does not know.
func (c Code) Meaning() string { m, _ := c.find(); return m.text }

// Hint says what the asking side can do; "" for a code this version does not know.
func (c Code) Hint() string { m, _ := c.find(); return m.hint }

func (c Code) find() (meaning, bool) {
	for _, m := range meanings {
		if m.code == c {
			return m, true
		}
	}
	return meaning{}, false
}
