package inbox

import "strings"

// suffix ends the name of every request entry, in any case (vfat keeps none).
const suffix = ".csr"

// LegalName says whether a name, without its suffix, can be asked and answered under.
func LegalName(name string) bool {
	if name == "" || len(name) > 100 {
		return false
	}
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return !reserved(strings.TrimRight(strings.ToLower(name), "."))
}

// reserved names would collide with what the CA itself publishes.
func reserved(name string) bool {
	switch name {
	case "issuers", "ca", "etcd-ca", "front-proxy-ca":
		return true
	}
	return strings.HasSuffix(name, ".held") || strings.HasSuffix(name, ".denied")
}

// legalTeam says whether a sub-directory is served: its name must not be one that an answer could have.
func legalTeam(name string) bool {
	folded := strings.ToLower(name)
	for _, taken := range []string{suffix, CertificateSuffix, ".json", ".pem", ".crl"} {
		if strings.HasSuffix(folded, taken) {
			return false
		}
	}
	return LegalName(name)
}

// ignored are names that nothing is read under.
func ignored(name string) bool { return passing(name) || !isRequest(name) }

// passing are names that tools make for themselves, none of them meant for us: editors, sync programs, NFS, SMB.
func passing(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") || strings.Contains(name, ".sync-conflict-")
}

func isRequest(name string) bool {
	return len(name) >= len(suffix) && strings.EqualFold(name[len(name)-len(suffix):], suffix)
}
