package pki

import (
	"net/netip"
	"slices"
	"strings"
)

// Names are the subject alternative names of a request or a certificate (RFC 5280 4.2.1.6), in the order asked.
type Names struct {
	DNS    []string
	IPs    []netip.Addr
	Emails []string
	URIs   []string
}

// Len counts them all.
func (n Names) Len() int { return len(n.DNS) + len(n.IPs) + len(n.Emails) + len(n.URIs) }

// Strings returns each name as openssl prints it: "DNS:cp1", "IP:192.0.2.10", "email:…", "URI:…".
func (n Names) Strings() []string {
	s := make([]string, 0, n.Len())
	for _, d := range n.DNS {
		s = append(s, "DNS:"+d)
	}
	for _, ip := range n.IPs {
		s = append(s, "IP:"+ip.String())
	}
	for _, e := range n.Emails {
		s = append(s, "email:"+e)
	}
	for _, u := range n.URIs {
		s = append(s, "URI:"+u)
	}
	return s
}

// Merge adds what other has and n lacks, DNS names compared without case.
func (n Names) Merge(other Names) Names {
	m := Names{slices.Clone(n.DNS), slices.Clone(n.IPs), slices.Clone(n.Emails), slices.Clone(n.URIs)}
	for _, d := range other.DNS {
		if !slices.ContainsFunc(m.DNS, func(have string) bool { return strings.EqualFold(have, d) }) {
			m.DNS = append(m.DNS, d)
		}
	}
	for _, ip := range other.IPs {
		if !slices.Contains(m.IPs, ip) {
			m.IPs = append(m.IPs, ip)
		}
	}
	for _, e := range other.Emails {
		if !slices.Contains(m.Emails, e) {
			m.Emails = append(m.Emails, e)
		}
	}
	for _, u := range other.URIs {
		if !slices.Contains(m.URIs, u) {
			m.URIs = append(m.URIs, u)
		}
	}
	return m
}

// Without returns the names of n that other lacks, in the form of Strings.
func (n Names) Without(other Names) []string {
	have := map[string]bool{}
	for _, s := range other.Strings() {
		have[strings.ToLower(s)] = true
	}
	return slices.DeleteFunc(n.Strings(), func(s string) bool { return have[strings.ToLower(s)] })
}
