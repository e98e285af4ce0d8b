package signer

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Bounds on what a signer program writes, in bytes: the signature, and how much of an error is quoted.
const (
	maxSignature = 16 << 10
	maxSaid      = 400
)

// searchPath is where a signer program's own commands are looked for.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Exec signs with a key behind a program: PKCS#11 tokens, cloud services, whatever signs a digest. The program is run
// for each signature. It reads one Order in JSON on a line, and writes the signature in base64: for ECDSA the ASN.1 of
// RFC 3279 2.2.3, for RSA that of PKCS #1 v1.5.
type Exec struct {
	issuer    string
	argv      []string
	public    crypto.PublicKey
	algorithm algorithm
	check     func(program string) error // before each run
	limit     time.Duration
}

// Order is what a signer program reads.
type Order struct {
	Issuer    string `json:"issuer"`
	Algorithm string `json:"algorithm"` // ECDSA-SHA256, ECDSA-SHA384 or RSA-SHA256
	Digest    []byte `json:"digest"`    // base64
}

// NewExec is the signer for an issuer's public key by a program, an absolute path, and its arguments. check is asked
// before each run whether the program may still be trusted.
func NewExec(issuer string, argv []string, public crypto.PublicKey, check func(program string) error) (*Exec, error) {
	a, err := algorithmOf(public)
	switch {
	case err != nil:
		return nil, err
	case a.name == "":
		return nil, errors.New("a signer program signs digests, and an Ed25519 key signs whole messages: use an agent")
	}
	return &Exec{issuer, argv, public, a, check, Limit}, nil
}

// Public is the issuer's public key.
func (e *Exec) Public() crypto.PublicKey { return e.public }

// Sign has the program sign a digest.
func (e *Exec) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := e.algorithm.accepts(opts); err != nil {
		return nil, err
	}
	order, err := json.Marshal(Order{e.issuer, e.algorithm.name, digest})
	if err != nil {
		return nil, err
	}
	by := fmt.Sprintf("program %q", e.argv[0])
	answer, err := e.run(append(order, '\n'))
	if err != nil {
		return nil, &Error{ErrUnavailable, by, err}
	}
	signature, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(answer)))
	if err == nil {
		err = verify(e.public, e.algorithm, digest, signature)
	}
	if err != nil {
		return nil, &Error{ErrWrong, by, err}
	}
	return signature, nil
}

// run runs the program once. Its whole process group ends when its time is over: a child that it left behind could
// still make the signature that nobody waits for.
func (e *Exec) run(order []byte) ([]byte, error) {
	if err := e.check(e.argv[0]); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(context.Background(), e.limit)
	defer cancel()
	answer, said := bounded{limit: maxSignature}, bounded{limit: maxSaid}
	cmd := exec.CommandContext(limited, e.argv[0], e.argv[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = "/", bytes.NewReader(order), &answer, &said
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // a grandchild may hold the output open in a group of its own
	err := cmd.Run()
	switch {
	case limited.Err() != nil:
		err = fmt.Errorf("no signature within %s", e.limit)
	case err != nil && len(said.bytes) > 0:
		err = fmt.Errorf("%w: %s", err, strconv.QuoteToASCII(strings.TrimSpace(string(said.bytes))))
	}
	return answer.bytes, err
}

// environment is this program's own, which may say where a token's module or a service's account is configured, with a
// search path that nobody else may write to.
func environment() []string {
	all := []string{"PATH=" + searchPath}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "PATH=") {
			all = append(all, variable)
		}
	}
	return all
}

// bounded keeps the first bytes written to it and passes over the rest, so that a talkative program never blocks.
type bounded struct {
	bytes []byte
	limit int
}

func (b *bounded) Write(p []byte) (int, error) {
	b.bytes = append(b.bytes, p[:min(len(p), b.limit-len(b.bytes))]...)
	return len(p), nil
}
