package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestManyDirectoriesUnderWatch: 8,000 empty directories cost neither watches nor log without bound, and others are served.
func TestManyDirectoriesUnderWatch(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	signer := x.requester("good", "--profile", "server", "--dns", "*.example")
	for i := range 8000 {
		must(t, os.Mkdir(x.path("inbox", fmt.Sprint("d", i)), 0o755))
	}
	w := x.watch(nil, "--poll", "500ms")
	x.drop("good.csr", wishFor("server", "good", "good.example", "good.example").signed(x, signer))
	w.eventually("an answer", func() bool { return x.answered("good") == "crt" })
	time.Sleep(3 * time.Second) // six passes more
	watches := 0
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", w.command.Process.Pid))
	must(t, err)
	for _, file := range files {
		text, _ := os.ReadFile(file) // it may be closed by now
		watches += strings.Count(string(text), "inotify wd:")
	}
	if watches > 300 {
		t.Errorf("%d watches", watches)
	}
	text, err := os.ReadFile(w.log)
	must(t, err)
	if len(text) > 4<<10 {
		t.Errorf("%d bytes of log:\n%s…", len(text), text[:min(len(text), 1000)])
	}
}
