package component

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// crl signs a CRL of the authority in DER: good for 30 days from begin, unless the test changes it.
func (a authority) crl(t *testing.T, number int64, begin time.Time, change ...func(*x509.RevocationList)) []byte {
	t.Helper()
	list := &x509.RevocationList{
		Number: big.NewInt(number), ThisUpdate: begin, NextUpdate: begin.AddDate(0, 0, 30),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(42), RevocationTime: begin}},
	}
	for _, c := range change {
		c(list)
	}
	raw, err := x509.CreateRevocationList(rand.Reader, list, a.certificate, a.key)
	must(t, err)
	return raw
}

// installedWorker is a world whose host has one certificate, and beside it one issuer's.
func installedWorker(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	s := w.request(t, func(_ *kube.Ask, wish *Wish) { wish.Worker = true })
	w.answer(t, s)
	w.sync(t, SyncOptions{})
	return w
}

// publishCRL puts one with a number into the outbox.
func (w *world) publishCRL(t *testing.T, number int64) []byte {
	t.Helper()
	raw := w.ca.crl(t, number, w.clock)
	w.publish(t, "ca.crl", raw)
	return raw
}

// takeCRLs is what a command does after a Sync, and gives the progress of each place by its path.
func (w *world) takeCRLs(t *testing.T) map[string]CRLProgress {
	t.Helper()
	x, err := inbox.Open(w.path("exchange"))
	must(t, err)
	defer x.Close()
	all, err := w.open(t).TakeCRLs(x)
	must(t, err)
	found := map[string]CRLProgress{}
	for _, p := range all {
		found[p.File] = p
	}
	return found
}

// hostCRL gives the bytes of one of the host's CRLs, and wants the form in PEM beside it to be the same.
func (w *world) hostCRL(t *testing.T, file string) []byte {
	t.Helper()
	raw := w.read(t, "host", file)
	if text := w.read(t, "host", file+".pem"); !bytes.Equal(text, pki.EncodeCRL(raw)) {
		t.Fatalf("%s.pem is another CRL", file)
	}
	return raw
}

// TestTakeCRL: with one issuer for all, each of its three places has the CRL, in both forms; again with the next one.
func TestTakeCRL(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	if out := w.takeCRLs(t); len(out) != 0 {
		t.Errorf("a CA without CRLs: %v", out)
	}
	for _, number := range []int64{1, 7} {
		raw := w.publishCRL(t, number)
		for _, now := range []bool{true, false} {
			out := w.takeCRLs(t)
			for _, file := range []string{"pki/ca.crl", "pki/etcd/ca.crl", "pki/front-proxy-ca.crl"} {
				if p := out[file]; p.Installed != now || p.Refused != nil || p.Failed != nil || p.List == nil {
					t.Errorf("%s: %+v, installed now: %t", file, p, now)
				}
				if got := w.hostCRL(t, file); !bytes.Equal(got, raw) {
					t.Errorf("%s is not the published CRL", file)
				}
				if s, err := os.Stat(w.path("host", file)); err != nil || s.Mode().Perm() != 0o644 {
					t.Errorf("%s: %v, %v", file, s.Mode(), err)
				}
			}
		}
	}
	all, err := w.open(t).CRLs()
	must(t, err)
	if len(all) != 3 || all[0].Status(w.clock) != CRLCurrent || all[0].List.Entries != 1 ||
		all[0].Status(w.clock.AddDate(0, 0, 20)) != CRLDue || all[0].Status(w.clock.AddDate(0, 0, 31)) != CRLStale {
		t.Errorf("%+v", all)
	}
}

// TestTakeCRLOfWorker: beside one issuer's certificate, there is one issuer's CRL.
func TestTakeCRLOfWorker(t *testing.T) {
	t.Parallel()
	before := newWorld(t)
	before.sync(t, SyncOptions{})
	before.publishCRL(t, 1)
	if out := before.takeCRLs(t); len(out) != 0 {
		t.Errorf("before anything is installed: %v", out)
	}
	w := installedWorker(t)
	w.publishCRL(t, 1)
	if out := w.takeCRLs(t); len(out) != 1 || !out["pki/ca.crl"].Installed {
		t.Errorf("%v", out)
	}
}

// TestCRLRefused: what is not the pinned issuer's, or not newer than what is in place, is never installed.
func TestCRLRefused(t *testing.T) {
	t.Parallel()
	other := newAuthority(t, "kubernetes", time.Now())
	for name, test := range map[string]struct {
		publish func(t *testing.T, w *world)
		want    string
	}{
		"another CA's": {func(t *testing.T, w *world) { w.publish(t, "ca.crl", other.crl(t, 9, w.clock)) },
			`issuer "ca" did not sign the CRL`},
		"older": {func(t *testing.T, w *world) { w.publishCRL(t, 4) }, "number 4, installed is 5"},
		"another one of the same number": {func(t *testing.T, w *world) {
			empty := func(l *x509.RevocationList) { l.RevokedCertificateEntries = nil }
			w.publish(t, "ca.crl", w.ca.crl(t, 5, w.clock, empty))
		}, "number 5, installed is 5"},
		"from the future": {func(t *testing.T, w *world) {
			w.publish(t, "ca.crl", w.ca.crl(t, 6, w.clock.Add(11*time.Minute)))
		}, "the CRL begins at"},
		"PEM": {func(t *testing.T, w *world) {
			w.publish(t, "ca.crl", pki.EncodeCRL(w.ca.crl(t, 6, w.clock)))
		}, "DER"},
		"truncated": {func(t *testing.T, w *world) { w.publish(t, "ca.crl", w.ca.crl(t, 6, w.clock)[:200]) }, "DER"},
		"empty":     {func(t *testing.T, w *world) { w.publish(t, "ca.crl", nil) }, "DER"},
		"link": {func(t *testing.T, w *world) {
			must(t, os.WriteFile(w.path("elsewhere"), w.ca.crl(t, 6, w.clock), 0o644))
			must(t, os.Symlink(w.path("elsewhere"), w.path("exchange", "outbox", "ca.crl")))
		}, "is a symbolic link"},
		"FIFO": {func(t *testing.T, w *world) { must(t, unix.Mkfifo(w.path("exchange", "outbox", "ca.crl"), 0o644)) },
			"is not a regular file"},
		"too large": {func(t *testing.T, w *world) {
			w.publish(t, "ca.crl", nil)
			must(t, os.Truncate(w.path("exchange", "outbox", "ca.crl"), pki.MaxCRLSize+1))
		}, "is larger than allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := installed(t)
			have := w.publishCRL(t, 5)
			w.takeCRLs(t)
			must(t, os.Remove(w.path("exchange", "outbox", "ca.crl")))
			test.publish(t, w)
			out := w.takeCRLs(t)["pki/ca.crl"]
			if out.Refused == nil || !strings.Contains(out.Refused.Error(), test.want) || out.Installed {
				t.Errorf("%v", out.Refused)
			}
			if !bytes.Equal(w.hostCRL(t, "pki/ca.crl"), have) {
				t.Error("what was in place is not there any more")
			}
		})
	}
}

// TestCRLInPlace: whatever lies in a CRL's place, another CA's stays, and the rest gives way to a verified one.
func TestCRLInPlace(t *testing.T) {
	t.Parallel()
	other := newAuthority(t, "kubernetes", time.Now())
	for name, test := range map[string]struct {
		bytes func(w *world) []byte
		want  string // "" where the published one takes the place
	}{
		"garbage":      {func(*world) []byte { return []byte("garbage") }, ""},
		"truncated":    {func(w *world) []byte { return w.ca.crl(t, 3, w.clock)[:100] }, ""},
		"older in PEM": {func(w *world) []byte { return pki.EncodeCRL(w.ca.crl(t, 3, w.clock)) }, ""},
		"newer in PEM": {func(w *world) []byte { return pki.EncodeCRL(w.ca.crl(t, 9, w.clock)) },
			"number 5, installed is 9"},
		"another CA's": {func(w *world) []byte { return other.crl(t, 1, w.clock) }, ErrOtherCRL.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := installed(t)
			published, lies := w.publishCRL(t, 5), test.bytes(w)
			must(t, os.WriteFile(w.path("host", "pki/ca.crl"), lies, 0o644))
			out := w.takeCRLs(t)["pki/ca.crl"]
			if test.want == "" {
				if !out.Installed || !bytes.Equal(w.hostCRL(t, "pki/ca.crl"), published) {
					t.Errorf("%+v", out)
				}
				return
			}
			if out.Refused == nil || !strings.Contains(out.Refused.Error(), test.want) {
				t.Errorf("%v", out.Refused)
			}
			if !bytes.Equal(w.read(t, "host", "pki/ca.crl"), lies) {
				t.Error("it was replaced")
			}
		})
	}
}

// TestCRLByMail: a CRL that came without an exchange is held to the same rules.
func TestCRLByMail(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	raw := w.ca.crl(t, 2, w.clock)
	out, err := w.open(t).InstallCRL(raw)
	must(t, err)
	if len(out) != 3 || !out[0].Installed || !bytes.Equal(w.hostCRL(t, "pki/etcd/ca.crl"), raw) {
		t.Errorf("%+v", out)
	}
	out, err = w.open(t).InstallCRL(w.ca.crl(t, 1, w.clock))
	if err != nil || !errors.Is(out[0].Refused, pki.ErrOlderCRL) {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := w.open(t).InstallCRL(newAuthority(t, "kubernetes", w.clock).crl(t, 3, w.clock)); err == nil {
		t.Error("another CA's was taken")
	}
	if _, err := newWorld(t).open(t).InstallCRL(raw); !errors.Is(err, ErrIssuers) {
		t.Errorf("before the issuers are there: %v", err)
	}
}

// crlHook is a hook for an issuer's CRL that keeps its input and its reason.
func (w *world) crlHook(t *testing.T, issuer string) {
	t.Helper()
	program := w.script(t, "record", "cat >"+w.path("input")+`; echo "$CA_EXCHANGE_REASON" >>`+w.path("runs"))
	w.hooks(t, "- {name: record, crls: ["+issuer+"], run: ["+program+"]}\n")
}

// TestCRLHook: once after each change, with the file's path and number, and again until it ends with 0.
func TestCRLHook(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	w.crlHook(t, "etcd-ca")
	for i, number := range []int64{1, 1, 2, 2} {
		if i%2 == 0 {
			w.publishCRL(t, number)
		}
		w.takeCRLs(t)
		_, err := w.open(t).Apply(t.Context())
		must(t, err)
		if got, want := w.runs(t), strings.Repeat("crl\n", int(number)); got != want {
			t.Fatalf("after CRL %d the hook ran %q", number, got)
		}
	}
	var input HookInput
	must(t, json.Unmarshal(w.read(t, "input"), &input))
	want := HookItem{Issuer: "etcd-ca", CRL: w.path("host", "pki/etcd/ca.crl"), Number: "2",
		NotAfter: w.clock.AddDate(0, 0, 30)}
	if len(input.Items) != 1 || input.Items[0] != want {
		t.Errorf("%+v, not %+v", input.Items, want)
	}
}

// TestCRLReport: the host's report tells the CA which CRLs it has.
func TestCRLReport(t *testing.T) {
	t.Parallel()
	w, _ := reporting(t)
	w.publishCRL(t, 3)
	w.takeCRLs(t)
	_, r := w.report(t)
	want := request.ReportCRL{Issuer: "etcd-ca", Number: big.NewInt(3), NextUpdate: w.clock.AddDate(0, 0, 30)}
	if r == nil || len(r.CRLs) != 3 || !reflect.DeepEqual(r.CRLs[1], want) {
		t.Errorf("%+v", r)
	}
}
