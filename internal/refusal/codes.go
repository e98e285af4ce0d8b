package refusal

// Code names a broken rule. Codes are stable: scripts, notices and docs/refusals.md use them.
type Code string

// What an entry, a CSR, a key, a name, a cover or a signature may break.
const (
	EntryTooLarge   Code = "entry-too-large"
	EntryNotRegular Code = "entry-not-regular"
	EntryEncoding   Code = "entry-encoding"
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

	NameKind   Code = "name-kind"
	NameDNS    Code = "name-dns"
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
	ProfileSubject   Code = "profile-subject"
	ProfileUsage     Code = "profile-usage"
	ProfileNames     Code = "profile-names"
	ProfileKey       Code = "profile-key"

	ScopeProfile Code = "scope-profile"
	ScopeNode    Code = "scope-node"
	ScopeName    Code = "scope-name"

	Guarded         Code = "guarded"
	Renewal         Code = "renewal"
	CertificateOver Code = "certificate-over"
	DeniedByPerson  Code = "denied-by-person"
)

// rule is what a code means, what it leads to and what the asking side can do about it.
type rule struct {
	code          Code
	outcome       Outcome
	meaning, hint string
}

// rules is the one table of refusals; docs/refusals.md is made of it.
var rules = [...]rule{
	{EntryTooLarge, Deny, "the entry is over 64 KiB", "send one CSR, not a bundle or an archive"},
	{EntryNotRegular, Deny, "the entry is a symbolic link", "copy the file itself into the inbox"},
	{EntryEncoding, Deny, "the entry is not plain ASCII or UTF-8 PEM (a byte order mark, UTF-16, or DER)", "convert it: openssl req -inform DER -in FILE -out NAME.csr"},
	{EntryIncomplete, Deny, "the entry has had no END line for too long", "copy the whole file again"},
	{EntryNoRequest, Deny, "the entry holds no certificate request", "make one: component-admin request, or openssl req -new"},
	{EntryBlocks, Deny, "the entry holds more than one block, or something after its request", "one file, one request"},
	{EntryPEM, Deny, "the PEM is damaged or has headers inside", "copy the file again, unchanged"},
	{EntryPrivateKey, Deny, "the entry holds a private key; it was removed and not kept", "that key is known to others now: make a new one and keep it on its host"},
	{CSRMalformed, Deny, "the request is not strict DER PKCS#10 (RFC 2986)", "make the request again with a current tool"},
	{CSRVersion, Deny, "the request's version is not 0 (RFC 2986 4.1)", "make the request again with a current tool"},
	{CSRAlgorithm, Deny, "the request is signed with an algorithm that is not accepted", "sign it with SHA-256 or better: openssl req -sha256"},
	{CSRSignature, Deny, "the request's own signature does not fit its key", "make the request again; the file was changed on its way, or the key is not its own"},
	{CSRAttribute, Deny, "the request has attributes twice or in a form that is not understood", "make the request again with one extension request"},
	{MicrosoftName, Hold, "the names stand only in a Microsoft attribute, which is not read as names", "ask again with a subjectAltName, or approve with --dns and --ip"},
	{KeyUnsupported, Deny, "no certificate is issued for this kind of key", "use RSA-2048, RSA-3072, RSA-4096, ECDSA-P256 or ECDSA-P384"},
	{KeyWeak, Deny, "the key is weak", "make a new key: component-admin request, or openssl genrsa 2048"},
	{KeyBlocked, Deny, "the key is on the list of blocked keys", "make a new key"},
	{SubjectMalformed, Deny, "the subject has a form that is not understood or would mislead", "ask for a plain CN in printable characters"},
	{SubjectReserved, Deny, "the subject claims an identity that Kubernetes reserves and the profile does not name", "ask under the profile that has this identity"},
	{SubjectLength, Deny, "an attribute of the subject is longer than X.520 allows", "shorten it: CN and O have at most 64 characters"},
	{ExtensionMalformed, Deny, "an extension is malformed or stands twice", "make the request again with each extension once"},
	{ExtensionDangerous, Deny, "the request asks to be an authority, or has a critical extension that is not understood", "ask for an end-entity certificate"},
	{ExtensionForeign, Hold, "the request has extensions that are never copied", "leave them out, or have it approved without them"},
	{NameKind, Deny, "a name is of a kind that no certificate here has", "ask for DNS names and IP addresses"},
	{NameDNS, Deny, "a DNS name is not one (RFC 1034, RFC 5890)", "letters, digits and hyphens in labels of at most 63"},
	{NameIP, Deny, "an IP address is not one that a certificate can name", "ask for the address that clients use, never 0.0.0.0"},
	{NameAbsent, Hold, "a server's request names nothing: TLS clients compare subject alternative names and ignore the CN", "ask again with --dns NAME or --ip ADDRESS, or approve with them"},
	{NameCount, Hold, "the request asks for more than 100 names", "split it, or have it approved"},
	{CoverMalformed, Deny, "the cover is not in the form of ca-exchange/v1", "let component-admin write it, or leave it out"},
	{CoverTrust, Deny, "the request is meant for another CA", "component-admin trust --fingerprint with this CA's fingerprint"},
	{CoverCluster, Deny, "the request is meant for another cluster", "drop it into that cluster's exchange"},
	{CoverNode, Deny, "the cover's node is not the one in the CSR", "ask again with one node"},
	{CoverExpired, Deny, "the request has expired", "component-admin sync writes a new cover"},
	{CoverFuture, Deny, "the request was made in the future", "set the clock of the host that made it, then ask again"},
	{CoverRequester, Deny, "the cover names another requester than the key that signed it", "component-admin init --name with the name you were enrolled under"},
	{SignatureAbsent, Hold, "the request is not signed by a requester", "wait for the CA admin, or sign with an enrolled identity"},
	{SignatureUnknownKey, Hold, "the request is signed by a key that is not enrolled", "have it enrolled: ca-admin enroll NAME --from ID"},
	{SignatureBroken, Deny, "the requester's signature does not fit the request", "the file was changed on its way: component-admin sync drops it again"},
	{SignatureUncovered, Deny, "a signature stands below a CSR without a cover: it would be good for any CA, for ever", "let component-admin write the request, or leave the signature out"},
	{ProfileUnknown, Hold, "the policy has no such profile", "ca-admin profiles lists them"},
	{ProfileAmbiguous, Hold, "more than one profile fits the request", "ask with a cover, or approve with --profile"},
	{ProfileSubject, Hold, "the subject is not the profile's", "ask again under the profile's own subject"},
	{ProfileUsage, Hold, "the request asks for usages the profile does not have", "ask under another profile"},
	{ProfileNames, Hold, "the profile's certificates carry no such names", "ask again without them"},
	{ProfileKey, Hold, "the profile's certificates have no such key", "ask again with --key-type RSA-2048"},
	{ScopeProfile, Hold, "the profile is outside the requester's scope", "wait for the CA admin, or have the scope widened"},
	{ScopeNode, Hold, "the node is outside the requester's scope", "wait for the CA admin, or have the scope widened"},
	{ScopeName, Hold, "a name is outside the requester's scope", "wait for the CA admin, or have the scope widened"},
	{Guarded, Hold, "the profile is guarded: a person decides every time", "wait for the CA admin"},
	{Renewal, Hold, "the request wants to replace a certificate", "wait for the CA admin"},
	{CertificateOver, Hold, "the certificate issued for this request is expired, revoked or nearly so", "ask again with a new request"},
	{DeniedByPerson, Deny, "the CA admin denied it", "ask the CA admin why, then make a new request"},
}

// Codes lists every code in the table's order.
func Codes() []Code {
	codes := make([]Code, len(rules))
	for i, r := range rules {
		codes[i] = r.code
	}
	return codes
}

// Outcome is what the code leads to; an unknown code denies.
func (c Code) Outcome() Outcome {
	if r, ok := c.rule(); ok {
		return r.outcome
	}
	return Deny
}

// Meaning says the broken rule in a sentence, for people.
func (c Code) Meaning() string { r, _ := c.rule(); return r.meaning }

// Hint says what the asking side can do; "" for a code this version does not know.
func (c Code) Hint() string { r, _ := c.rule(); return r.hint }

func (c Code) rule() (rule, bool) {
	for _, r := range rules {
		if r.code == c {
			return r, true
		}
	}
	return rule{}, false
}
