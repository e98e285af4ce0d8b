package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"ca-exchange/internal/request"
)

// fillHeld holds as many unsigned requests as are held, and removes what was left.
func (x *exchange) fillHeld() {
	x.Helper()
	csr := wishFor("", "", "one", "one.example").csr(x.T)
	for i := range 1001 {
		x.drop(fmt.Sprintf("f%d.csr", i), x.unsignedBelow(csr))
	}
	x.ends(2*time.Minute, "sync", "-q")
	left, err := filepath.Glob(x.path("inbox", "f*.csr"))
	must(x.T, err)
	if len(left) == 0 {
		x.Fatal("nothing was left: the bound is another")
	}
	for _, file := range left {
		must(x.T, os.Remove(file))
	}
}

// unsignedBelow is a CSR below an unsigned cover of its own: another request each time.
func (x *exchange) unsignedBelow(csr []byte) []byte {
	x.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	c := request.Cover{Profile: "server", Requester: "x", Trust: x.trust(), Created: now, Expires: now.Add(time.Hour), Nonce: nonce()}
	return request.Encode(&c, csr)
}
