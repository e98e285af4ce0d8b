package component

import (
	"time"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// crls examines the CRLs of the issuers, and those that etcd is told to read.
func (e *examination) crls() {
	looked := map[string]bool{}
	for _, i := range kube.Issuers() {
		authority, ok := e.authorities[i.Name]
		if file := e.at("pki/" + i.CRL()); ok && exists(file) {
			e.crl(file, authority)
			looked[file] = true
		}
	}
	if authority, ok := e.authorities[kube.EtcdIssuer]; ok {
		e.etcdCRLs(authority, looked)
	}
}

// crl examines a CRL in its place. etcd checks nothing of it but the serials: another CA's would pass unnoticed.
func (e *examination) crl(file string, authority pki.Authority) {
	raw := e.public(file, e.nextCRL(authority))
	if raw == nil {
		return
	}
	if text, err := pki.DecodeCRL(raw); err == nil {
		raw = text
		e.find(Wrong, file, by("openssl", "crl", "-in", file, "-outform", "DER", "-out", file),
			"it is in PEM: etcd 3.6 and newer read DER alone, and refuse every client with it")
	}
	list, err := pki.ParseCRL(raw)
	if err != nil {
		e.find(Wrong, file, e.nextCRL(authority), "cannot read it: %v: etcd refuses every client with it", err)
		return
	}
	if _, err := authority.VerifyCRL(raw, nil, list.ThisUpdate); err != nil {
		away := Command("mv", file, file+".other") + " && " + e.sync()
		e.find(Wrong, file, remedy{fix: away, asks: true}, "%v: it revokes no certificate of this CA", err)
		return
	}
	end, due := list.NextUpdate, crlDue(list)
	switch {
	case e.Now.After(end):
		e.find(Expiring, file, e.nextCRL(authority), "it ended at %s: OpenVPN and nginx refuse every client with it, "+
			"and etcd does not know what was revoked since", end.UTC().Format(time.RFC3339))
	case !e.Now.Before(due):
		e.find(Expiring, file, e.nextCRL(authority), "it ends at %s, and the next one should be there since %s",
			end.UTC().Format(time.RFC3339), due.UTC().Format(time.RFC3339))
	}
}

// nextCRL brings a CRL that is missing, broken or over. Only the CA admin can sign one.
func (e *examination) nextCRL(a pki.Authority) remedy {
	fix := e.sync() + "; where the exchange has none, the CA admin signs one first: ca-admin crl " + a.Name
	return remedy{fix: fix, asks: true}
}
