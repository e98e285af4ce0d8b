package pass

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

// TestStraysAreBounded: any number of files that are no requests costs a bounded look at each pass, and is one line of
// the log, once; what is gone is forgotten. A key that comes later is found.
func TestStraysAreBounded(t *testing.T) {
	t.Parallel()
	log := &remembered{}
	c, x := closed(t, slog.New(slog.NewTextHandler(log, nil)))
	put := func(name, text string) string {
		file := filepath.Join(x.Path(), "inbox", name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	const many = strayLimit + 20
	var files []string
	for i := range many {
		files = append(files, put(fmt.Sprintf("f%04d.pem", i), "nothing"))
	}
	m := newMemory()
	passOver(t, c, x, m)
	passOver(t, c, x, m)
	if len(m.strays) != strayLimit {
		t.Errorf("%d strays are remembered", len(m.strays))
	}
	if n := log.count(fmt.Sprintf("count=%d", many)); n != 1 {
		t.Errorf("the number of strays is in %d lines", n)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	key := put("server", "nothing")
	passOver(t, c, x, m)
	if len(m.strays) != 1 {
		t.Errorf("%d strays are remembered, and one is there", len(m.strays))
	}
	put("server", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
	passOver(t, c, x, m)
	passOver(t, c, x, m)
	if n := log.count("the inbox contains a private key"); n != 1 {
		t.Errorf("the key is in %d lines", n)
	}
	if _, err := os.Stat(key); err != nil {
		t.Error(err)
	}
}
