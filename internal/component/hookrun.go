package component

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/refusal"
)

// hookPath is where a hook's own commands are looked for.
const hookPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// hookOutput is how much of a hook's output goes to the log, in bytes.
const hookOutput = 64 << 10

// HookInput is what a hook reads from its standard input.
type HookInput struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Items      []HookItem `json:"items"`
}

// HookItem is one installed certificate, an issuer's, or its CRL. Paths are absolute; those of the other kinds of file
// are empty.
type HookItem struct {
	Issuer      string    `json:"issuer,omitempty"` // then Certificate or CRL is its own, profile and key are empty
	CRL         string    `json:"crl,omitempty"`    // in DER, with the same in PEM beside it
	Number      string    `json:"number,omitempty"` // of the CRL
	Profile     string    `json:"profile"`
	Node        string    `json:"node"`
	Certificate string    `json:"certificate"`
	Key         string    `json:"key"`
	Kubeconfig  string    `json:"kubeconfig"`
	OldSerial   string    `json:"oldSerial"` // "" for a first certificate
	NewSerial   string    `json:"newSerial"`
	NotAfter    time.Time `json:"notAfter"` // of a CRL, when the next one is there
}

func (c *Component) hookItem(s State) HookItem {
	f := s.Files
	return HookItem{
		Profile: s.Profile, Node: s.Node, OldSerial: s.OldSerial, NewSerial: s.Serial, NotAfter: s.NotAfter,
		Certificate: c.absolute(f.pairRoot(), f.Certificate), Key: c.absolute(f.pairRoot(), f.Key),
		Kubeconfig: c.absolute(f.Root, f.Kubeconfig),
	}
}

// run runs a hook once with everything that was installed for it. Its whole process group ends when its time is over or
// ctx is: a child that it left behind would otherwise go on with half of a restart.
func (h Hook) run(ctx context.Context, items []HookItem, reason string) (output []byte, err error) {
	if err := durable.CheckProgram(h.Run[0]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHooks, err)
	}
	input, err := json.Marshal(HookInput{refusal.APIVersion, "HookInput", items})
	if err != nil {
		return nil, fmt.Errorf("encoding the input of hook %q: %w", h.Name, err)
	}
	limited, cancel := context.WithTimeout(ctx, h.limit)
	defer cancel()
	said := bounded{limit: hookOutput}
	cmd := exec.CommandContext(limited, h.Run[0], h.Run[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = "/", bytes.NewReader(append(input, '\n')), &said, &said
	cmd.Env = []string{"PATH=" + hookPath, "CA_EXCHANGE_HOOK=" + h.Name, "CA_EXCHANGE_REASON=" + reason}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second // a grandchild may hold the output open in a group of its own
	err = cmd.Run()
	switch {
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("hook %q was ended after %s", h.Name, h.limit)
	case err != nil:
		err = fmt.Errorf("hook %q: %w", h.Name, err)
	}
	return said.bytes, err
}

// bounded keeps the first bytes written to it and passes over the rest, so that a talkative hook never blocks.
type bounded struct {
	bytes []byte
	limit int
}

func (b *bounded) Write(p []byte) (int, error) {
	b.bytes = append(b.bytes, p[:min(len(p), b.limit-len(b.bytes))]...)
	return len(p), nil
}
