package pki

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Reason is why a certificate was revoked (RFC 5280 5.3.1).
type Reason int

// The reasons that a person may give. There is no certificateHold: a revocation is final.
const (
	Unspecified          Reason = 0
	KeyCompromise        Reason = 1
	AffiliationChanged   Reason = 3
	Superseded           Reason = 4
	CessationOfOperation Reason = 5
	PrivilegeWithdrawn   Reason = 9
)

// reasonNames are RFC 5280's, by code; 7 is not used.
var reasonNames = []string{"unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded",
	"cessationOfOperation", "certificateHold", "", "removeFromCRL", "privilegeWithdrawn", "aACompromise"}

// String is the name in RFC 5280, or the number of a code that has none.
func (r Reason) String() string {
	if r >= 0 && int(r) < len(reasonNames) && reasonNames[r] != "" {
		return reasonNames[r]
	}
	return strconv.Itoa(int(r))
}

// ReasonNames are the names of the reasons that a person may give.
func ReasonNames() []string {
	var names []string
	for _, r := range []Reason{KeyCompromise, AffiliationChanged, Superseded, CessationOfOperation, PrivilegeWithdrawn,
		Unspecified} {
		names = append(names, r.String())
	}
	return names
}

// ParseReason reads the name of a reason that a person may give, in any case.
func ParseReason(s string) (Reason, error) {
	for code, name := range reasonNames {
		if strings.EqualFold(s, name) && slices.Contains(ReasonNames(), name) {
			return Reason(code), nil
		}
	}
	return 0, fmt.Errorf("%q is not a reason: give one of %s", s, strings.Join(ReasonNames(), ", "))
}
