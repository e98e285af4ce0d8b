package ledger

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

// ended is a ledger with two certificates that have ended an hour after noon, one that is owed, and a held request.
func ended(t *testing.T) (*Ledger, []Change) {
	t.Helper()
	l, m := fresh(t), newMaker(t)
	all := []Change{
		m.issue(anID("one"), "01"), m.issue(anID("two"), "02"), m.issue(anID("owed"), "03"), held(anID("held")),
	}
	must(t, l.Record(t.Context(), all))
	for _, c := range []Change{all[0], all[1], all[3]} {
		a := c.Answers[0]
		a.Version = 1
		_, err := l.MarkPublished(t.Context(), []Answer{a})
		must(t, err)
	}
	return l, all
}

func archiveAll(t *testing.T, l *Ledger) Archive {
	t.Helper()
	a, err := l.Archive(t.Context(), filepath.Join(t.TempDir(), "archive"), noon.Add(2*time.Hour),
		noon.Add(3*time.Hour))
	must(t, err)
	return a
}

// TestArchive: the bytes are in the file and nowhere else, every row stays, all is verified, and comes back as it was.
func TestArchive(t *testing.T) {
	l, all := ended(t)
	ctx, one := t.Context(), Request{ID: all[0].Request.ID, Status: Issued}
	before, err := l.Content(ctx, one)
	must(t, err)
	a := archiveAll(t, l)
	if sum, err := sumOf(a.File); a.Certificates != 2 || sum != a.SHA256 || err != nil {
		t.Errorf("%+v, sum %s, %v", a, sum, err)
	}
	must(t, l.Verify(ctx, 0, ""))
	_, content := l.Content(ctx, one)
	_, entry := l.Entry(ctx, one.ID)
	_, export := l.CertificateAnswer(ctx, "01")
	for what, err := range map[string]error{"content": content, "entry": entry, "export": export} {
		if archived, ok := errors.AsType[*Archived](err); !ok || archived.File != a.File {
			t.Errorf("%s: %v, not archived", what, err)
		}
	}
	for _, id := range []pki.ID{all[2].Request.ID, all[3].Request.ID} { // owed, held
		if _, err := l.Entry(ctx, id); err != nil {
			t.Error(err)
		}
	}
	if k, ok, err := l.Certificate(ctx, "01"); err != nil || !ok || k.Fingerprint != all[0].Certificate.Fingerprint {
		t.Errorf("%+v, %t, %v", k, ok, err)
	}
	back, err := l.Attach(ctx, a.File, noon.Add(4*time.Hour))
	if err != nil || back.Certificates != 2 {
		t.Fatalf("%+v, %v", back, err)
	}
	must(t, l.Verify(ctx, 0, ""))
	after, err := l.Content(ctx, one)
	if err != nil || !bytes.Equal(after, before) {
		t.Errorf("attached: %q, %v, before %q", after, err, before)
	}
	if entry, err := l.Entry(ctx, one.ID); err != nil || string(entry) != "entry" {
		t.Errorf("attached: entry %q, %v", entry, err)
	}
	if _, err := l.Attach(ctx, a.File, noon); !errors.Is(err, ErrNotArchive) {
		t.Errorf("attached twice: %v", err)
	}
}

// TestArchiveRefuses: nothing is removed where the file is another's, or where nothing has ended.
func TestArchiveRefuses(t *testing.T) {
	l, _ := ended(t)
	path := filepath.Join(t.TempDir(), "archive")
	must(t, os.WriteFile(path, []byte("another"), 0o600))
	if _, err := l.Archive(t.Context(), path, noon.Add(2*time.Hour), noon); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another file: %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "another" {
		t.Errorf("the other file: %q, %v", b, err)
	}
	if _, err := l.Archive(t.Context(), path+"2", noon, noon); !errors.Is(err, ErrNothingToArchive) {
		t.Errorf("nothing has ended: %v", err)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
		t.Errorf("left %q", left)
	}
}

// TestAttachRefuses takes nothing back from a file in which a byte is another, or a line is missing.
func TestAttachRefuses(t *testing.T) {
	l, _ := ended(t)
	a := archiveAll(t, l)
	good, err := os.ReadFile(a.File)
	must(t, err)
	for name, bad := range map[string][]byte{
		"a byte":      bytes.Replace(good, []byte(`"serial":"01"`), []byte(`"serial":"07"`), 1),
		"a line":      good[:bytes.LastIndexByte(good[:len(good)-1], '\n')+1],
		"a half line": good[:len(good)-9],
		"nothing":     {},
	} {
		must(t, os.WriteFile(a.File, bad, 0o600))
		if _, err := l.Attach(t.Context(), a.File, noon); !errors.Is(err, ErrNotArchive) {
			t.Errorf("%s: %v", name, err)
		}
		must(t, l.Verify(t.Context(), 0, ""))
	}
	must(t, os.WriteFile(a.File, good, 0o600))
	_, err = l.Attach(t.Context(), a.File, noon)
	must(t, err)
}

// TestVerifyShowsEditedArchives: bytes that were removed by hand do not pass for archived ones.
func TestVerifyShowsEditedArchives(t *testing.T) {
	for statement, want := range map[string]string{
		"UPDATE ders SET der = NULL, archive = 1 WHERE certificate = 3": "has 2 certificates, of the ledger's 3 " +
			"are in it",
		"UPDATE ders SET der = NULL, archive = 7 WHERE certificate = 3":    "1 certificates are in archive 7",
		"UPDATE archives SET sha256 = zeroblob(32)":                        "is not what event 6 recorded",
		"UPDATE archives SET file = 'x'":                                   "is not what event 6 recorded",
		"UPDATE archives SET event = 2":                                    "is not what event 2 recorded",
		"UPDATE bodies SET digest = zeroblob(32) WHERE request = 1":        ": its row or its bytes",
		"UPDATE certificates SET fingerprint = zeroblob(32) WHERE num = 1": "its fingerprint is \"0000",
	} {
		l, _ := ended(t)
		archiveAll(t, l)
		edit(t, l, statement)
		broken, ok := errors.AsType[*Broken](l.Verify(t.Context(), 0, ""))
		if !ok || !strings.Contains(strings.Join(broken.Differences, "\n"), want) {
			t.Errorf("%s: %+v, want %s", statement, broken, want)
		}
	}
}

// TestArchivedRequestAsksAgain: what is decided on an archived request has bytes of its own, which Attach leaves alone.
func TestArchivedRequestAsksAgain(t *testing.T) {
	l, all := ended(t)
	a := archiveAll(t, l)
	again := held(all[0].Request.ID)
	again.Request.Version, again.Request.Serial, again.Event.Serial = 1, "01", "01"
	again.Request.KeyFingerprint, again.Entry = all[0].Request.KeyFingerprint, []byte("again")
	half := again
	half.Entry = nil
	if err := l.Record(t.Context(), []Change{half}); err == nil || !strings.Contains(err.Error(), "archived") {
		t.Errorf("a notice for archived bytes: %v", err)
	}
	must(t, l.Record(t.Context(), []Change{again}))
	must(t, l.Verify(t.Context(), 0, ""))
	_, err := l.Attach(t.Context(), a.File, noon)
	must(t, err)
	must(t, l.Verify(t.Context(), 0, ""))
	if entry, err := l.Entry(t.Context(), all[0].Request.ID); err != nil || string(entry) != "again" {
		t.Errorf("%q, %v", entry, err)
	}
}

// TestArchiveKilled ends an archiving before and after each of its durable steps: the ledger is whole, nothing is lost,
// and the same command finishes it.
func TestArchiveKilled(t *testing.T) {
	if at := os.Getenv("LEDGER_ARCHIVE_AT"); at != "" {
		archiveUntil(t, at)
		return
	}
	for _, at := range []string{"written", "named", "removed"} {
		l, all := ended(t)
		path := filepath.Join(t.TempDir(), "archive")
		must(t, l.Close())
		command := exec.Command(os.Args[0], "-test.run", "^TestArchiveKilled$")
		command.Env = append(os.Environ(), "LEDGER_PATH="+l.path, "LEDGER_ARCHIVE="+path, "LEDGER_ARCHIVE_AT="+at)
		out, err := command.CombinedOutput()
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok ||
			exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("%s: %v: %s", at, err, out)
		}
		l, err = Open(l.path)
		must(t, err)
		must(t, l.Verify(t.Context(), 0, ""))
		for _, id := range []pki.ID{all[0].Request.ID, all[1].Request.ID} {
			if _, err := l.Content(t.Context(), Request{ID: id, Status: Issued}); err != nil {
				t.Errorf("%s: %v", at, err)
			}
		}
		a, err := l.Archive(t.Context(), path, noon.Add(2*time.Hour), noon)
		if err != nil || a.Certificates != 2 {
			t.Errorf("%s: %+v, %v", at, a, err)
		}
		must(t, l.Close())
	}
}

// archiveUntil does what Archive does, and ends this process at a step.
func archiveUntil(t *testing.T, at string) {
	l, err := Open(os.Getenv("LEDGER_PATH"))
	must(t, err)
	path := os.Getenv("LEDGER_ARCHIVE")
	kill := func(step string) {
		if step == at {
			syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
			select {} // until the signal arrives
		}
	}
	if at == "written" { // half of the file, under its temporary name
		must(t, os.WriteFile(path+".tmp", []byte("{"), 0o600))
		kill("written")
	}
	moved, sum, err := l.writeArchive(t.Context(), path, noon.Add(2*time.Hour))
	must(t, err)
	kill("named")
	must(t, l.transaction(t.Context(), func(w *writing) error {
		must(t, w.archive(Archive{File: path, SHA256: string(sum), Certificates: 2}, moved, noon))
		kill("removed")
		return nil
	}))
}
