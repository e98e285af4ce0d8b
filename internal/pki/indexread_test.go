package pki

import (
	"strings"
	"testing"
)

// TestParseIndexed: each status and reason, both forms of a time, and what is not a line of an index.
func TestParseIndexed(t *testing.T) {
	const revoked, rest = "R\t491231235959Z\t", "\t0ABC\tunknown\t/CN=a"
	for _, test := range []struct{ line, want string }{
		{"", "nothing"}, {"# a comment", "nothing"},
		{"V\t491231235959Z\t" + rest, "0ABC /CN=a"},
		{"E\t20500101000000Z\t" + rest + "\r", "0ABC /CN=a"},
		{"V\t491231235959Z\t" + rest + `/O=\x09b	c`, `0ABC /CN=a/O=\x09b	c`},
		{revoked + "261201020150Z" + rest,
			"0ABC /CN=a revoked 0abc 2026-12-01T02:01:50Z unspecified"},
		{revoked + "991201020150Z,superseded" + rest,
			"0ABC /CN=a revoked 0abc 1999-12-01T02:01:50Z superseded"},
		{revoked + "20501201020150Z,keyCompromise" + rest,
			"0ABC /CN=a revoked 0abc 2050-12-01T02:01:50Z keyCompromise"},
		{revoked + "261201020150Z,keyTime,20260101000000Z" + rest,
			"0ABC /CN=a revoked 0abc 2026-12-01T02:01:50Z keyCompromise since 2026-01-01T00:00:00Z"},
		{revoked + "261201020150Z,holdInstruction,1.2" + rest,
			"0ABC /CN=a revoked 0abc 2026-12-01T02:01:50Z certificateHold"},
		{revoked + "" + rest, `"" is not a time`},
		{revoked + "261301020150Z" + rest, `"261301020150Z" is not a time`},
		{revoked + "261201020150Z,removeFromCRL" + rest, `"removeFromCRL" is not a reason`},
		{revoked + "261201020150Z,keyTime" + rest, `"" is not a time`},
		{"X\t491231235959Z\t" + rest, `the status "X" is not V, R or E`},
		{"V\t491231235959Z\t\t../x\tunknown\t/CN=a", `"../x" is not a serial`},
		{"V\t491231235959Z\t\t" + strings.Repeat("AB", 65) + "\tunknown\t/CN=a",
			`"` + strings.Repeat("AB", 65) + `" is not a serial`},
		{"V\t491231235959Z", "2 fields, expected 6"},
	} {
		i, err := ParseIndexed(test.line)
		got := "nothing"
		if err != nil {
			got = err.Error()
		} else if i != nil {
			got = i.Serial + " " + i.Subject
			if i.Revoked != nil {
				got += " revoked " + i.Revoked.String()
			}
		}
		if got != test.want {
			t.Errorf("%q: %s, want %s", test.line, got, test.want)
		}
	}
}

// FuzzParseIndexed: a line that is read names a serial that files can be named by, and what it revokes is that serial.
func FuzzParseIndexed(f *testing.F) {
	f.Add("V\t491231235959Z\t\t0ABC\tunknown\t/CN=a")
	f.Add("R\t491231235959Z\t261201020150Z,keyTime,20260101000000Z\t0ABC\tunknown\t/CN=a")
	f.Fuzz(func(t *testing.T, line string) {
		i, err := ParseIndexed(line)
		if err != nil || i == nil {
			return
		}
		if strings.Trim(i.Serial, "0123456789abcdefABCDEF") != "" || len(i.Serial)%2 != 0 {
			t.Errorf("serial %q", i.Serial)
		}
		if i.Revoked != nil && i.Revoked.Serial.Cmp(i.Number) != 0 {
			t.Errorf("%v is revoked, not %v", i.Revoked.Serial, i.Number)
		}
	})
}

// TestIndexIsReadBack: what IndexLine writes is what ParseIndexed reads, but for reasons that openssl has no word for.
func TestIndexIsReadBack(t *testing.T) {
	issuer, _, err := CreateIssuer(IssuerSpec{Name: "ca", CommonName: "ca", KeyType: ECDSAP256, Days: 1}, noon)
	if err != nil {
		t.Fatal(err)
	}
	c := issuer.Certificate
	for code := range Reason(11) {
		was := Revocation{Serial: c.SerialNumber, Time: noon, Reason: code}
		line, err := IndexLine(c, was, noon)
		if err != nil {
			t.Fatal(err)
		}
		if code == 7 || code == 8 || code == PrivilegeWithdrawn || code == 10 {
			was.Reason = Unspecified
		}
		i, err := ParseIndexed(strings.TrimSuffix(line, "\n"))
		if err != nil || i.Number.Cmp(c.SerialNumber) != 0 || i.Revoked == nil || i.Revoked.String() != was.String() {
			t.Errorf("%q: %+v, %v, not %v", line, i, err, was)
		}
	}
	line, err := IndexLine(c, Revocation{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if i, err := ParseIndexed(strings.TrimSuffix(line, "\n")); err != nil || i.Revoked != nil {
		t.Errorf("%q: %+v, %v", line, i, err)
	}
}
