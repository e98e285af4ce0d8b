package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"ca-exchange/internal/cli"
)

// TestExamples: every command has examples in its help, and the program reads each as a shell passes it on.
func TestExamples(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, file := range []string{"kubeadm.yaml", "identity.pub", "server.csr", "server.crt"} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parser, err := cli.Parser("ca-admin", "", &commands{})
	if err != nil {
		t.Fatal(err)
	}
	examples := (*commands)(nil).Examples()
	for _, command := range parser.Model.Children {
		lines := examples[command.Name]
		if len(lines) == 0 {
			t.Errorf("%s has no example", command.Name)
		}
		delete(examples, command.Name)
		for _, line := range lines {
			checkExample(t, command.Name, line)
		}
	}
	for name := range examples {
		t.Errorf("there are examples for %q, which is not a command", name)
	}
}

func checkExample(t *testing.T, command, line string) {
	t.Helper()
	// The directory that an import reads is of another machine.
	script := "set -- " + strings.Replace(line, "/etc/kubernetes/pki", ".", 1) + "\nprintf '%s\\n' \"$@\""
	out, err := exec.Command("sh", "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	parser, err := cli.Parser("ca-admin", "", &commands{})
	if err != nil {
		t.Fatal(err)
	}
	if read, err := parser.Parse(words[1:]); err != nil || words[0] != "ca-admin" || read.Selected().Name != command {
		t.Errorf("%s: %q: %v", command, line, err)
	}
}
