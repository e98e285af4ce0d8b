package e2e_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/request/requesttest"
)

// neighboursFor is how long TestNeighbours goes on. .ci/run gives it a minute, on programs with the race detector.
func neighboursFor(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("CA_EXCHANGE_NEIGHBOURS")
	if text == "" {
		return 2 * time.Second
	}
	d, err := time.ParseDuration(text)
	must(t, err)
	return d
}

// TestNeighbours lets fifty neighbours do whatever they can to an exchange under a watch. A requester is served all the
// time, nobody else gets anything, and the watch ends in order.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	signer := x.requester("good", "--profile", "server", "--dns", "*.example")
	hostile := requesttest.Hostile(t)
	x.bait() // before its first link
	w := x.watch(nil, "--poll", "100ms", "--settle", "1s")
	end := time.Now().Add(neighboursFor(t))
	var neighbours sync.WaitGroup
	for i := range 50 {
		neighbours.Go(func() {
			n := neighbour{x: x, random: rand.New(rand.NewPCG(uint64(i), 1)), me: i}
			for time.Now().Before(end) {
				n.do(hostile[n.random.IntN(len(hostile))].Entry)
				time.Sleep(time.Duration(n.random.IntN(20)) * time.Millisecond)
			}
		})
	}
	served := 0
	for ; served == 0 || time.Now().Before(end); served++ {
		name := fmt.Sprintf("good%d", served)
		host := name + ".example"
		x.drop(name+".csr", wishFor("server", "good", host, host).signed(x, signer))
		w.eventually("a certificate for "+name, func() bool { return x.answered(name) == "crt" })
	}
	neighbours.Wait()
	must(t, w.command.Process.Signal(syscall.SIGTERM))
	if err := w.command.Wait(); err != nil {
		t.Errorf("the watch ended with %v", err)
	}
	for _, text := range []string{"DATA RACE", "panic", "goroutine "} {
		if n := w.count(text); n > 0 {
			t.Errorf("%q is %d times in the log %s", text, n, logTail(w.log))
		}
	}
	if text, err := os.ReadFile(x.bait()); err != nil || string(text) != baitText {
		t.Errorf("what links point to is now %q, %v", text, err)
	}
	x.ca(0, "verify")
	for _, name := range x.issued() {
		if !strings.HasPrefix(name, "good") {
			t.Errorf("a neighbour got %s", name)
		}
	}
	t.Logf("%d requests were served", served)
}

func logTail(file string) string {
	text, _ := os.ReadFile(file)
	return string(text[max(0, len(text)-8<<10):])
}

// neighbour is somebody who can write to the inbox and to a team of his own, and does not mean well.
type neighbour struct {
	x      *exchange
	random *rand.Rand
	me     int
}

// do does one thing. What fails is no matter: others undo it at the same time.
func (n *neighbour) do(entry []byte) {
	team := n.x.path("inbox", fmt.Sprint("team", n.random.IntN(5)))
	file := n.x.path("inbox", fmt.Sprintf("n%d-%d.csr", n.me, n.random.IntN(4)))
	if n.random.IntN(3) == 0 {
		file = filepath.Join(team, filepath.Base(file))
	}
	switch n.random.IntN(12) {
	case 0:
		os.Mkdir(team, 0o755)
	case 1:
		os.RemoveAll(team)
	case 2:
		os.Rename(team, team+".away")
		os.Rename(team+".away", team)
	case 3:
		os.Symlink(n.x.bait(), file)
	case 4:
		unix.Mkfifo(file, 0o644)
	case 5:
		os.Mkdir(file, 0o755)
	case 6:
		os.RemoveAll(file)
	case 7:
		write(file, entry[:n.random.IntN(len(entry)+1)])
	case 8:
		unix.Fchmodat(unix.AT_FDCWD, file, uint32(n.random.IntN(2))*0o644, unix.AT_SYMLINK_NOFOLLOW)
	case 9:
		write(n.x.path("inbox", fmt.Sprintf("bad name %d.csr", n.me)), entry)
	default:
		n.replace(file, entry)
	}
}

// replace puts an entry in the place of another, as a careful writer does.
func (n *neighbour) replace(file string, entry []byte) {
	temporary := filepath.Join(filepath.Dir(file), fmt.Sprintf(".n%d.tmp", n.me))
	if write(temporary, entry) == nil {
		os.Rename(temporary, file)
	}
}

// write writes a file in place, and neither through a link nor into a FIFO, which another neighbour may have put there.
func write(file string, text []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
