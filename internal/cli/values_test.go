package cli

import (
	"net/netip"
	"testing"
	"time"
)

// TestUsage: what is wrong with a value is said in words of our own.
func TestUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, test := range []struct {
		args []string
		want string // "" where the command line is right
	}{
		{[]string{"x", "--wait", "2d", "--ip", "192.0.2.1", "--days", "-5", "."}, ""},
		{[]string{"x", "--wait", "10"}, `--wait: "10" is not a duration (examples: 30d, 12h, 10m)`},
		{[]string{"x", "--wait", "-1s"}, `--wait: "-1s" is not a duration (examples: 30d, 12h, 10m)`},
		{[]string{"x", "--wait"}, `--wait: a value is missing`},
		{[]string{"x", "--ip", "10.0.0.0/24"}, `--ip: "10.0.0.0/24" is a subnet; one address is needed here`},
		{[]string{"x", "--ip", "a"}, `--ip: "a" is not an IP address (examples: 192.0.2.10, 2001:db8::10)`},
		{[]string{"x", "--days", "many"}, `--days: "many" is not a number`},
		{[]string{"x", "/nowhere"}, `"/nowhere": no such file or directory`},
	} {
		var grammar struct {
			X struct {
				Wait time.Duration
				IP   []netip.Addr `name:"ip"`
				Days int
				Dirs []string `arg:"" optional:"" type:"existingdir"`
			} `cmd:""`
		}
		parser, err := Parser("ca-admin", "", &grammar)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if _, err := parser.Parse(test.args); err != nil {
			got = usage(err).Error()
		}
		if got != test.want {
			t.Errorf("%q:\n got %s\nwant %s", test.args, got, test.want)
		}
		if test.want == "" && (grammar.X.Wait != 48*time.Hour || grammar.X.Days != -5 || len(grammar.X.IP) != 1) {
			t.Errorf("%q is read as %+v", test.args, grammar)
		}
	}
}

func TestGuess(t *testing.T) {
	profiles := []string{"kube-apiserver", "apiserver-etcd-client", "etcd-server", "server", "client", "admin"}
	for word, want := range map[string]string{
		"kube-apiserever": "kube-apiserver", "apiserver": "kube-apiserver", "Server": "server", "clent": "client",
		"kube-scheduler": "", "x": "", "": "", "healthcheck": "",
	} {
		if got := Guess(word, profiles); got != want {
			t.Errorf("Guess(%q) = %q, want %q", word, got, want)
		}
	}
}
