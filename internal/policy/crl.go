package policy

import (
	"fmt"
	"strings"
	"time"

	"ca-exchange/internal/pki"
)

// CRL says for which issuers CRLs are published, and for how long each is good.
type CRL struct {
	Issuers []string `yaml:"issuers"` // whose CRLs are published from the first day, empty ones too
	Days    int      `yaml:"days"`
}

// defaultCRLDays is how long a CRL is good where the policy does not say, and visits do not ask for more.
const defaultCRLDays = 30

// checkCRL checks what can be checked without the profiles.
func (c *Config) checkCRL() error {
	if err := c.source.checkCount("$.crl.days"); err != nil {
		return err
	}
	if c.CRL.Days < 0 || c.CRL.Days > daysLimit {
		return c.source.at("$.crl.days", "days is %d, not between 1 and %d", c.CRL.Days, daysLimit)
	}
	if c.Visit == "" {
		return nil
	}
	visit, err := pki.ParseDays(c.Visit)
	if err != nil {
		return c.source.at("$.visit", "%v", err)
	}
	c.visit = visit
	return nil
}

// checkCRLIssuers checks names that only the profiles know.
func (p *Policy) checkCRLIssuers() error {
	for i, name := range p.config.CRL.Issuers {
		if !p.hasIssuer(name) {
			return p.config.source.at(fmt.Sprintf("$.crl.issuers[%d]", i), "no issuer %q: one of %s", name,
				strings.Join(p.issuers(), ", "))
		}
	}
	return nil
}

// CRLDays is for how many days a CRL is good: what the policy says, or so many that none lapses between visits of which
// one may fail.
func (p *Policy) CRLDays() int {
	if p.config.CRL.Days > 0 {
		return p.config.CRL.Days
	}
	return max(defaultCRLDays, p.VisitDays())
}

// Visit is how often a carried exchange comes by; 0 where one is at hand.
func (p *Policy) Visit() time.Duration { return p.config.visit }

// VisitDays is for how many days a CRL has to be good so that one visit may fail; 0 without visits.
func (p *Policy) VisitDays() int {
	const day = 24 * time.Hour
	return int((pki.RenewalRule{Visit: p.config.visit}.NeededLife()/2 + day - 1) / day)
}
