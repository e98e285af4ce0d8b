package main

import (
	"testing"

	"ca-exchange/internal/cli/clitest"
)

// TestExamples: every command has examples in its help, and the program reads each as a shell passes it on.
func TestExamples(t *testing.T) {
	grammar := func() clitest.Grammar { return &commands{} }
	clitest.Examples(t, "component-admin", grammar, "kubeadm.yaml", "identity", "server.crt")
}
