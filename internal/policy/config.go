package policy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"ca-exchange/internal/refusal"
)

const apiVersion = refusal.APIVersion

// Config is policy.yaml.
type Config struct {
	APIVersion   string            `yaml:"apiVersion"`
	Kind         string            `yaml:"kind"`
	Cluster      Cluster           `yaml:"cluster"`
	Certificates Certificates      `yaml:"certificates"`
	Profiles     map[string]Narrow `yaml:"profiles"`
	Unsigned     *Scope            `yaml:"unsigned"`
	Renewals     Renewals          `yaml:"renewals"`
	Reports      *bool             `yaml:"reports"` // false: host reports are not asked for, and removed unread
	Visit        string            `yaml:"visit"`   // how often a carried exchange comes by: "60d"; "": always at hand
	CRL          CRL               `yaml:"crl"`

	source source
	visit  time.Duration
}

// Cluster is what every request of the cluster is judged by.
type Cluster struct {
	Name           string   `yaml:"name"`           // a cover that names a cluster must name this one
	Kubernetes     string   `yaml:"kubernetes"`     // "1.37"; empty: the newest known
	DNSDomain      string   `yaml:"dnsDomain"`      // networking.dnsDomain
	ServiceSubnets []string `yaml:"serviceSubnets"` // networking.serviceSubnet
	Endpoint       string   `yaml:"endpoint"`       // controlPlaneEndpoint's host, with or without port
	CertSANs       []string `yaml:"certSANs"`       // apiServer.certSANs

	Nodes map[string][]string `yaml:"nodes"` // known hosts and their addresses
}

// Certificates are the limits of all profiles.
type Certificates struct {
	Days     int           `yaml:"days"`
	MaxDays  int           `yaml:"maxDays"`
	Backdate time.Duration `yaml:"backdate"`
}

// Renewals bound how many certificates of one place are issued without a person.
type Renewals struct {
	PerDay int `yaml:"perDay"` // first certificates of one place (profile, subject, node or names) within 24 hours
}

// Narrow is one profile in policy.yaml: limits of a built-in one, or a profile of the policy's own.
type Narrow struct {
	Days      int      `yaml:"days"`
	MaxDays   int      `yaml:"maxDays"`
	DNS       []string `yaml:"dns"`       // built-in: patterns beyond any scope; own: names of every certificate
	Wildcards []string `yaml:"wildcards"` // the same for wildcard names
	IPs       []string `yaml:"ips"`       // the same for addresses
	Guarded   *bool    `yaml:"guarded"`   // true: a person every time

	// An own profile only.
	Like          string   `yaml:"like"`          // server, client, peer or user
	Issuer        string   `yaml:"issuer"`        // default ca
	CommonName    string   `yaml:"commonName"`    // literal, or with {node} or {user}; absent: as Like
	Organizations []string `yaml:"organizations"` // literal; {groups} where it is like user
	KeyTypes      []string `yaml:"keyTypes"`      // some of those of Like

	unlimited bool // neither days nor maxDays are given
}

// The limits where policy.yaml names none.
const (
	defaultDays     = 365
	defaultBackdate = 5 * time.Minute
	daysLimit       = 3650
)

// source finds the place of a value in the file, for errors.
type source struct {
	name string
	file *ast.File
}

// at is an error with file, line and column of a value; path is a YAML path such as "$.unsigned.profiles[0]".
// Without a file, of a value from a command line, it is an error with the name alone.
func (s source) at(path, format string, args ...any) error {
	if s.file == nil {
		return fmt.Errorf("%s: %s", s.name, fmt.Sprintf(format, args...))
	}
	line, column := 1, 1
	if p, err := yaml.PathString(path); err == nil {
		if node, err := p.FilterFile(s.file); err == nil && node != nil {
			line, column = node.GetToken().Position.Line, node.GetToken().Position.Column
		}
	}
	return fmt.Errorf("%s:%d:%d: %s", s.name, line, column, fmt.Sprintf(format, args...))
}

// Parse reads policy.yaml strictly: unknown and repeated fields and wrong types are errors with line and column.
func Parse(text []byte) (Config, error) {
	c := Config{}
	file, err := decode("policy.yaml", text, &c)
	if err != nil {
		return Config{}, err
	}
	c.source = source{"policy.yaml", file}
	if c.APIVersion != apiVersion || c.Kind != "Policy" {
		return Config{}, c.source.at("$.kind", "not a policy: apiVersion is %q and kind %q, not %q and %q",
			c.APIVersion, c.Kind, apiVersion, "Policy")
	}
	return c, c.check()
}

// decode reads one YAML document strictly into v.
func decode(name string, text []byte, v any) (*ast.File, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // editors of Windows begin a file so
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, located(name, text, err)
	}
	if len(file.Docs) > 1 {
		where := ""
		if second := file.Docs[1]; second.Body != nil { // a document may have neither a start nor a body
			where = fmt.Sprintf(":%d", second.Body.GetToken().Position.Line)
		}
		return nil, fmt.Errorf("%s%s: a second YAML document: one is read", name, where)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict(), yaml.DisallowUnknownField())
	if err := decoder.DecodeContext(context.Background(), v); err != nil && len(bytes.TrimSpace(text)) > 0 {
		return nil, located(name, text, err)
	}
	return file, nil
}

// located turns the library's error into one line of file:line:column: message.
func located(name string, text []byte, err error) error {
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		at := e.GetToken().Position
		return fmt.Errorf("%s:%d:%d: %s", name, at.Line, at.Column, plain(e.GetMessage()))
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	if m := badDuration.FindStringSubmatch(first); m != nil { // the library does not say where
		before, _, _ := bytes.Cut(text, []byte(m[1]))
		line := bytes.Count(before, []byte("\n"))
		return fmt.Errorf("%s:%d:%d: %s", name, line+1, len(before)-bytes.LastIndexByte(before, '\n'), plain(first))
	}
	return fmt.Errorf("%s: %s", name, plain(first))
}

func (c *Config) check() error {
	limits := &c.Certificates
	for _, path := range []string{"$.certificates.days", "$.certificates.maxDays", "$.renewals.perDay"} {
		if err := c.source.checkCount(path); err != nil {
			return err
		}
	}
	if limits.Days == 0 {
		limits.Days = defaultDays
	}
	if limits.MaxDays == 0 {
		limits.MaxDays = limits.Days
	}
	if limits.Backdate == 0 {
		limits.Backdate = defaultBackdate
	}
	if err := c.checkDays("$.certificates", limits.Days, limits.MaxDays); err != nil {
		return err
	}
	if limits.Backdate < 0 || limits.Backdate > time.Hour {
		return c.source.at("$.certificates.backdate", "backdate is %s, not between 0 and 1h", limits.Backdate)
	}
	if c.Renewals.PerDay < 0 || c.Renewals.PerDay > perDayLimit {
		return c.source.at("$.renewals.perDay", "perDay is %d, not between 1 and %d", c.Renewals.PerDay, perDayLimit)
	}
	if err := c.checkCRL(); err != nil {
		return err
	}
	if err := c.checkCluster(); err != nil {
		return err
	}
	if c.Unsigned != nil {
		if err := c.source.checkScope("$.unsigned", *c.Unsigned); err != nil {
			return err
		}
	}
	return c.checkNarrow()
}

func (c *Config) checkNarrow() error {
	for name, n := range c.Profiles {
		path := profilePath(name)
		if err := errors.Join(c.source.checkCount(path+".days"), c.source.checkCount(path+".maxDays")); err != nil {
			return err
		}
		n.unlimited = n.Days == 0 && n.MaxDays == 0
		if n.Days == 0 {
			n.Days = min(c.Certificates.Days, max(n.MaxDays, 0))
			if n.MaxDays == 0 {
				n.Days = c.Certificates.Days
			}
		}
		if n.MaxDays == 0 {
			n.MaxDays = max(c.Certificates.MaxDays, n.Days)
		}
		if err := c.checkDays(path, n.Days, n.MaxDays); err != nil {
			return err
		}
		if n.Like == "" { // an own profile's names are checked where its profile is known
			if err := c.source.checkScope(path, Scope{DNS: n.DNS, Wildcards: n.Wildcards, IPs: n.IPs}); err != nil {
				return err
			}
		}
		c.Profiles[name] = n
	}
	return nil
}

func (c *Config) checkDays(path string, days, limit int) error {
	switch {
	case days < 1 || days > daysLimit:
		return c.source.at(path+".days", "days is %d, not between 1 and %d", days, daysLimit)
	case limit < days || limit > daysLimit:
		return c.source.at(path+".maxDays", "maxDays is %d, not between days (%d) and %d", limit, days, daysLimit)
	}
	return nil
}

// checkScope checks the patterns of a scope; profiles are checked where they are known.
func (s source) checkScope(path string, scope Scope) error {
	for _, list := range []struct {
		field string
		items []string
		check func(string) error
	}{
		{"nodes", scope.Nodes, checkGlob}, {"dns", scope.DNS, checkGlob}, {"wildcards", scope.Wildcards, checkWildcard},
		{"ips", scope.IPs, checkPrefix}, {"users", scope.Users, checkUserGlob}, {"groups", scope.Groups, checkUserGlob},
	} {
		for i, item := range list.items {
			if err := list.check(item); err != nil {
				return s.at(fmt.Sprintf("%s.%s[%d]", path, list.field, i), "%q: %v", item, err)
			}
		}
	}
	return nil
}
