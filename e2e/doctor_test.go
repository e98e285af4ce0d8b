package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDoctor(t *testing.T) {
	long(t)
	t.Parallel()
	needs(t, "openssl")
	d := doctor{build(t) + string(filepath.ListSeparator) + os.Getenv("PATH"), t.TempDir()}
	shell(t, d.good, d.path, "cp '"+absolute(t, "testdata/kubeadm.yaml")+"' .\nset -e\n"+goodHost, 0)
	for _, command := range []string{"--dir k doctor --config kubeadm.yaml", "--dir k doctor",
		"--dir w doctor --config join.yaml", "--dir w doctor"} {
		if out := shell(t, d.good, d.path, "component-admin "+command, 0); out != "" {
			t.Errorf("a good host: %s: %s", command, out)
		}
	}
	out := shell(t, d.good, d.path, "component-admin --dir w doctor --config join.yaml 2>&1", 0)
	if !strings.Contains(out, ",FileAvailable--etc-kubernetes-pki-ca.crt") {
		t.Errorf("a worker is told %s", out)
	}
	shell(t, d.good, d.path,
		"sed /nodeReg/d join.yaml >nobody.yaml; component-admin --dir ca doctor --config nobody.yaml", 2)
	for _, s := range spoiled {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			dir := d.spoil(t, s.spoil)
			d.finds(t, dir, 5, s.problem, s.fix)
			d.mends(t, dir)
		})
	}
	for _, s := range advised {
		t.Run(s.name, func(t *testing.T) { d.finds(t, d.spoil(t, s.spoil), 0, s.problem, s.fix) })
	}
	t.Run("ends soon", func(t *testing.T) {
		at := func(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format("20060102150405Z") }
		dir := d.spoil(t, "dated "+at(-336)+" "+at(29))
		out := shell(t, dir, d.path, examine+" 2>&1 >/dev/null", 6)
		if !strings.Contains(out, "1 certificate expires within 30 days; nothing else is wrong") {
			t.Errorf("the last word on certificates that end: %s", out)
		}
		d.finds(t, dir, 6, "expiring: ", "kube-apiserver")
		d.mends(t, dir)
	})
	t.Run("a CRL that has ended", func(t *testing.T) {
		dir := d.spoil(t, `crl -crlsec 1; sleep 2
cd k/pki/etcd && openssl crl -in ca.crl -outform DER -out ca.crl`)
		d.finds(t, dir, 6, "etcd/ca.crl: it ended at ", "the CA admin signs one first: ca-admin crl etcd-ca")
	})
	t.Run("runs", func(t *testing.T) {
		dir := d.spoil(t, `mkdir k/manifests; touch k/manifests/kube-apiserver.yaml`)
		if out := shell(t, dir, d.path, examine+" 2>&1", 0); strings.TrimSpace(out) != "nothing is wrong" {
			t.Errorf("a host that runs is told: %s", out)
		}
	})
	t.Run("one CA for all", func(t *testing.T) {
		dir := d.spoil(t, `rm -r k/component-admin; cp ca/ca.crt k/pki/etcd/ca.crt`)
		d.finds(t, dir, 5, "any client certificate of the cluster is one of etcd-ca's, too",
			"ca-admin init without --issuer ca")
	})
}

type doctor struct{ path, good string }

// spoil copies the good host and does something to it.
func (d doctor) spoil(t *testing.T, how string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	// A component directory knows its exchange by its absolute path: the copy has its own.
	shell(t, ".", d.path, "cp -a '"+d.good+"' '"+dir+"'; sed -i 's#"+d.good+"/#"+dir+"/#' '"+dir+
		"'/[kw]/component-admin/config.yaml", 0)
	shell(t, dir, d.path, spoilers+how, 0)
	return dir
}

const examine = "component-admin --dir k doctor --config kubeadm.yaml"

func (d doctor) finds(t *testing.T, dir string, status int, problem, fix string) {
	t.Helper()
	if out := shell(t, dir, d.path, examine, status); !strings.Contains(out, problem) || !strings.Contains(out, fix) {
		t.Errorf("got %s\nwant %s\nfix %s", out, problem, fix)
	}
}

// mends does what the fixes say, has it answered, and wants nothing wrong to be left. What only people can do stays
// as it is.
func (d doctor) mends(t *testing.T, dir string) {
	t.Helper()
	var list struct{ Items []struct{ Fix string } }
	if err := json.Unmarshal([]byte(shell(t, dir, d.path, examine+" -o json || true", 0)), &list); err != nil ||
		len(list.Items) == 0 {
		t.Fatalf("as JSON: %v %v", list, err)
	}
	done := map[string]bool{}
	for _, item := range list.Items {
		switch program, _, _ := strings.Cut(item.Fix, " "); program {
		case "copy":
			return
		default:
			if !done[item.Fix] {
				shell(t, dir, d.path, item.Fix+" || [ $? = 3 ]", 0) // 3: it was asked for, and waits
			}
			done[item.Fix] = true
		}
	}
	shell(t, dir, d.path, `export CA_EXCHANGE=exchange
ca-admin sync -q
held=$(ca-admin pending -o json | sed -n 's/.*"id": "\(.*\)".*/\1/p')
[ -z "$held" ] || ca-admin approve -q --yes $held
component-admin -q --dir k sync && `+examine, 0)
}
