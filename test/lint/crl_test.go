package lint

import (
	"math/big"
	"testing"
	"time"

	"github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"

	"ca-exchange/internal/pki"
)

// TestCRLs: empty lists and lists with every reason that a person may give.
func TestCRLs(t *testing.T) {
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{
		IncludeSources: lint.SourceList{lint.RFC5280, lint.CABFBaselineRequirements},
		ExcludeNames:   []string{"e_crl_next_update_invalid"}, // ten days, for CAs of the public web
	})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	begin := now.Add(-pki.Backdate)
	var entries []pki.Revocation
	for i, name := range pki.ReasonNames() {
		reason, err := pki.ParseReason(name)
		if err != nil {
			t.Fatal(err)
		}
		r := pki.Revocation{Serial: big.NewInt(int64(100 + i)), Time: begin, Reason: reason}
		since := r
		since.Serial, since.Since = big.NewInt(int64(200+i)), now.AddDate(0, 0, -3)
		entries = append(entries, r, since)
	}
	count := 0
	for _, kind := range []pki.KeyType{pki.RSA2048, pki.ECDSAP256, pki.ECDSAP384} {
		issuer, _, err := pki.CreateIssuer(pki.IssuerSpec{Name: "ca", CommonName: "ca", KeyType: kind, Days: 365}, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, listed := range [][]pki.Revocation{nil, entries} {
			crl, err := issuer.SignCRL(pki.CRLPlan{Number: pki.NextCRLNumber(0, begin), ThisUpdate: begin,
				NextUpdate: now.AddDate(0, 0, 30), Entries: listed}, now)
			if err != nil {
				t.Fatal(err)
			}
			list, err := x509.ParseRevocationList(crl.Raw)
			if err != nil {
				t.Fatal(err)
			}
			for name, result := range zlint.LintRevocationListEx(list, registry).Results {
				count++
				if result.Status >= lint.Warn {
					t.Errorf("%s, %d entries: %s: %s %s", kind, len(listed), name, result.Status, result.Details)
				}
			}
		}
	}
	t.Logf("%d judgements", count)
	if count == 0 {
		t.Error("no lint ran")
	}
}
