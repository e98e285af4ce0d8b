package pass

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
)

// shut is the kernel on which a sub-directory of the outbox cannot be opened: another user's.
type shut struct {
	durable.Kernel
	team string
}

func (s *shut) Open(dir int, name string, flags int, mode uint32) (int, error) {
	if name == s.team && flags&unix.O_NOFOLLOW != 0 {
		if at, _ := os.Readlink(filepath.Join("/proc/self/fd", strconv.Itoa(dir))); filepath.Base(at) == "outbox" {
			return -1, unix.EACCES
		}
	}
	return s.Kernel.Open(dir, name, flags, mode)
}

// TestTeamFailsAlone: an answer that cannot be published leaves its own entry, once; everybody else is served in the
// same pass, also who asked for the very same, and the answer goes out when its place is there again.
func TestTeamFailsAlone(t *testing.T) {
	system := &shut{team: "team"}
	defer durable.Swap(system)()
	c, x := fixture(t, "ECDSA-P256")
	entries := requests(t, 2)
	inbox, outbox := filepath.Join(x.Path(), "inbox"), filepath.Join(x.Path(), "outbox")
	if err := os.Mkdir(filepath.Join(inbox, "team"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, entry := range map[string][]byte{
		"team/a": entries[0], "team/a2": entries[0], "copy": entries[0], "b": entries[1],
	} {
		if err := dropFast(x, name, entry); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := Sync(t.Context(), c, x, Options{})
	if err != nil || sum.Left != 2 || sum.Answered() != 2 {
		t.Errorf("%+v, %v, want 2 answered and 2 left", sum, err)
	}
	lie(t, map[string]bool{
		filepath.Join(outbox, "b.crt"): true, filepath.Join(outbox, "copy.crt"): true,
		filepath.Join(inbox, "team/a.csr"): true, filepath.Join(inbox, "copy.csr"): false,
	})
	system.team = ""
	if sum, err = Sync(t.Context(), c, x, Options{}); err != nil || sum.Left != 0 || sum.Repeated != 2 {
		t.Errorf("%+v, %v, want 2 repeated", sum, err)
	}
	lie(t, map[string]bool{filepath.Join(outbox, "team/a.crt"): true, filepath.Join(inbox, "team/a.csr"): false})
}

// lie holds which files are there.
func lie(t *testing.T, want map[string]bool) {
	t.Helper()
	for path, there := range want {
		if _, err := os.Lstat(path); (err == nil) != there {
			t.Errorf("%s: %v, want it there: %t", path, err, there)
		}
	}
}
