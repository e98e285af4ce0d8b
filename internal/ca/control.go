package ca

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/pki"
)

// controlFile is the socket by which a running watch is given the issuers' keys, and told to forget them. The protocol:
// a line with the verb, and after that of unlock the passphrase, to the end of what is sent; then a Reply in JSON.
const controlFile = "control.sock"

// The verbs.
const (
	verbUnlock = "unlock"
	verbLock   = "lock"
)

// controlTime bounds one conversation, in which one passphrase is tried on some keys.
const controlTime = 30 * time.Second

// messageLimit is more than a verb and the longest passphrase.
const messageLimit = 2048

// Errors of whoever asks a watch.
var (
	ErrNoWatch = errors.New("no watch runs on this CA directory")
	ErrControl = errors.New("the watch refuses")
)

var errTooMuch = errors.New("more than a passphrase is sent")

// Reply is what a watch says after it was asked.
type Reply struct {
	Refused string            `json:"refused"` // why nothing was done, "" where it was
	Locked  []string          `json:"locked"`  // issuers whose keys another passphrase decrypts
	Failed  map[string]string `json:"failed"`  // by issuer: why no passphrase would help
}

// Control answers on the socket of one CA directory. The watch that holds the lock is its owner.
type Control struct {
	ca       *CA
	listener *net.UnixListener
}

// Control opens the socket, in place of one that a killed watch left.
func (c *CA) Control() (*Control, error) {
	listener, err := c.dir.Listen(controlFile)
	if err != nil {
		return nil, err
	}
	return &Control{c, listener}, nil
}

// Close ends Serve and removes the socket.
func (k *Control) Close() error {
	return errors.Join(k.listener.Close(), k.ca.dir.Remove(controlFile))
}

// Serve answers one conversation after the other, until Close. changed is called after the keys are others.
func (k *Control) Serve(changed func()) {
	for {
		connection, err := k.listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			k.ca.Log.Warn("control.sock", "error", err)
			time.Sleep(time.Second)
			continue
		}
		before := k.ca.Absent()
		if err := k.converse(connection); err != nil {
			k.ca.Log.Warn("control.sock", "error", err)
		}
		if after := k.ca.Absent(); !slices.Equal(before, after) {
			k.ca.Log.Info("the keys at hand have changed", "locked", after)
			changed()
		}
	}
}

// converse answers one connection. Only the watch's own user may ask, whatever the modes of socket and directory say.
func (k *Control) converse(connection *net.UnixConn) error {
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(controlTime)); err != nil {
		return err
	}
	reply := Reply{}
	user, err := durable.Peer(connection)
	switch own := os.Geteuid(); {
	case err != nil:
		reply.Refused = err.Error()
	case user != own:
		reply.Refused = fmt.Sprintf("you are user %d, the watch is user %d's", user, own)
	}
	if reply.Refused != "" {
		k.ca.Log.Warn("control.sock refused", "reason", reply.Refused)
		return json.NewEncoder(connection).Encode(reply)
	}
	message := make([]byte, messageLimit)
	defer clear(message)
	n, err := io.ReadFull(connection, message)
	if err != io.ErrUnexpectedEOF { // nothing, too much, or not to its end
		return fmt.Errorf("reading what is asked: %w", cmp.Or(err, errTooMuch))
	}
	verb, passphrase, _ := bytes.Cut(message[:n], []byte("\n"))
	switch string(verb) {
	case verbUnlock:
		reply = k.ca.unlockWith(passphrase)
	case verbLock:
		reply = k.ca.lockKeys()
	default:
		reply.Refused = fmt.Sprintf("%q is neither unlock nor lock", verb)
	}
	return json.NewEncoder(connection).Encode(reply)
}

// unlockWith tries a passphrase on the keys that are not at hand.
func (c *CA) unlockWith(passphrase []byte) (r Reply) {
	r.Failed = map[string]string{}
	c.mu.Lock()
	c.unlocked = true
	c.mu.Unlock()
	for _, a := range c.Trust().Authorities {
		if c.keys.of(a.Name) != nil {
			continue
		}
		issuer, err := c.loadIssuer(a, Guard{Passphrase: passphrase}.alone())
		switch {
		case err == nil:
			c.keys.add(issuer)
		case errors.Is(err, pki.ErrEncrypted), errors.Is(err, pki.ErrPassphrase):
			r.Locked = append(r.Locked, a.Name)
		default:
			r.Failed[a.Name] = err.Error()
		}
	}
	debug.FreeOSMemory() // a page that is given back is zero when it comes again
	return r
}

// lockKeys forgets the keys. What is being signed is signed.
func (c *CA) lockKeys() Reply {
	c.mu.Lock()
	c.unlocked = false
	c.mu.Unlock()
	c.keys.forget()
	debug.FreeOSMemory()
	return Reply{Locked: c.Absent()}
}

// UnlockWatch hands a passphrase to the watch that runs on a CA directory.
func (c *CA) UnlockWatch(passphrase []byte) (Reply, error) { return c.askWatch(verbUnlock, passphrase) }

// LockWatch makes the watch that runs on a CA directory forget the keys.
func (c *CA) LockWatch() (Reply, error) { return c.askWatch(verbLock, nil) }

func (c *CA) askWatch(verb string, passphrase []byte) (r Reply, err error) {
	connection, err := c.dir.Dial(controlFile)
	if errors.Is(err, durable.ErrNobody) {
		return r, fmt.Errorf("%w: %q", ErrNoWatch, c.dir.Path())
	}
	if err != nil {
		return r, err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(controlTime)); err != nil {
		return r, err
	}
	message := append(append(make([]byte, 0, messageLimit), verb+"\n"...), passphrase...)
	defer clear(message)
	if _, err := connection.Write(message); err != nil {
		return r, err
	}
	if err := connection.CloseWrite(); err != nil {
		return r, err
	}
	if err := json.NewDecoder(io.LimitReader(connection, sizeLimit)).Decode(&r); err != nil {
		return r, fmt.Errorf("reading the watch's answer: %w", err)
	}
	if r.Refused != "" {
		return r, fmt.Errorf("%w: %s", ErrControl, r.Refused)
	}
	return r, nil
}
