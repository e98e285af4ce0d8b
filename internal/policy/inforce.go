package policy

import "github.com/goccy/go-yaml"

// InForce is the configuration with every default written out; release is the Kubernetes release it is of.
func (p *Policy) InForce(release string) Config {
	c := p.config
	c.Cluster.Kubernetes = release
	if c.Cluster.DNSDomain == "" {
		c.Cluster.DNSDomain = defaultDomain
	}
	if len(c.Cluster.ServiceSubnets) == 0 {
		c.Cluster.ServiceSubnets = []string{defaultSubnet}
	}
	c.Renewals.PerDay = p.perDay()
	reports := p.TakesReports()
	c.Reports = &reports
	c.CRL.Days = p.CRLDays()
	return c
}

// EncodeYAML writes a configuration as policy.yaml has it; what is empty is left out.
func (c Config) EncodeYAML() ([]byte, error) {
	return yaml.MarshalWithOptions(c, yaml.OmitEmpty())
}

// EncodeJSON writes the same as JSON.
func (c Config) EncodeJSON() ([]byte, error) {
	text, err := c.EncodeYAML()
	if err != nil {
		return nil, err
	}
	return yaml.YAMLToJSON(text)
}
