package e2e_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The measures of a source file. A tab counts as four columns.
const (
	maxColumns       = 120
	maxFileLines     = 350
	maxFunctionLines = 60
)

// misshapen are files that TestShape lets pass.
var misshapen = strings.Fields(`
	e2e/design_test.go
	bench/requests/main.go cmd/ca-admin/app.go cmd/ca-admin/approve.go cmd/ca-admin/enroll.go
	cmd/ca-admin/import.go cmd/ca-admin/init.go cmd/ca-admin/list.go cmd/ca-admin/main.go
	cmd/ca-admin/pending.go cmd/ca-admin/profiles.go cmd/ca-admin/show.go cmd/ca-admin/sign.go
	cmd/ca-admin/status.go cmd/ca-admin/sync.go cmd/ca-admin/verify.go cmd/ca-admin/watch.go
	cmd/component-admin/adopt.go cmd/component-admin/app.go cmd/component-admin/doctor.go
	cmd/component-admin/host.go cmd/component-admin/init.go cmd/component-admin/main.go
	cmd/component-admin/request.go cmd/component-admin/status.go cmd/component-admin/sync.go
	cmd/component-admin/trust.go e2e/alike_test.go e2e/answer_test.go e2e/clock_test.go e2e/doctor_cases_test.go
	e2e/doctor_test.go e2e/documents_test.go e2e/entries_test.go e2e/exchange_test.go e2e/files_test.go
	e2e/flow_promises_test.go e2e/flow_test.go e2e/golden_test.go e2e/harness_test.go e2e/house_test.go
	e2e/identity_test.go e2e/outbox_test.go e2e/person_test.go e2e/refusals_test.go e2e/replaced_test.go
	e2e/signed_test.go e2e/swapped_test.go e2e/terminal_test.go e2e/together_test.go e2e/watch_test.go
	e2e/watching_test.go internal/ca/bench_test.go internal/ca/ca_test.go internal/ca/certify.go
	internal/ca/deliver.go internal/ca/exchange.go internal/ca/issuers.go internal/ca/person.go
	internal/ca/read.go internal/ca/record.go internal/ca/recover.go internal/ca/status.go internal/ca/watch.go
	internal/ca/watch_test.go internal/cli/main.go internal/component/adopt.go internal/component/component.go
	internal/component/doctor.go internal/component/examine.go internal/component/identity.go
	internal/component/install.go internal/component/request.go internal/component/serviceaccount_test.go
	internal/component/sync.go internal/component/tidy.go internal/durable/calls_test.go internal/durable/dir.go
	internal/durable/durable_test.go internal/durable/durabletest/crashing.go internal/durable/lock.go
	internal/inbox/entry.go internal/inbox/entry_test.go internal/inbox/exchange.go internal/inbox/marker.go
	internal/inbox/take.go internal/inbox/watch.go internal/kube/config.go internal/kube/config_test.go
	internal/kube/host.go internal/kube/host_test.go internal/kube/kubeadm_test.go internal/kube/kubeconfig.go
	internal/kube/kubeconfig_test.go internal/kube/profile_test.go internal/kube/release.go
	internal/kube/table.go internal/kube/values.go internal/ledger/ledger_test.go internal/ledger/record.go
	internal/ledger/requests.go internal/pki/asplanned.go internal/pki/asplanned_test.go
	internal/pki/dns_fuzz_test.go internal/pki/id.go internal/pki/issuer.go internal/pki/issuer_test.go
	internal/pki/plan.go internal/pki/profile.go internal/pki/prove_test.go internal/pki/sign.go
	internal/pki/trust.go internal/pki/usage.go internal/pki/verify.go internal/policy/choose.go
	internal/policy/config.go internal/policy/decision.go internal/policy/default.go
	internal/policy/docs_test.go internal/policy/grant_test.go internal/policy/judgement.go
	internal/policy/policy.go internal/policy/policy_test.go internal/policy/property_test.go
	internal/policy/requesters.go internal/policy/scope.go internal/refusal/codes.go
	internal/request/asn1string.go internal/request/attributes.go internal/request/cover.go
	internal/request/create.go internal/request/csr.go internal/request/csr_test.go internal/request/doc.go
	internal/request/entry.go internal/request/publickey.go internal/request/request.go
	internal/request/request_bench_test.go internal/request/request_edit_test.go
	internal/request/request_judges_test.go internal/request/request_test.go
	internal/request/requesttest/covers.go internal/request/requesttest/der.go
	internal/request/requesttest/entries.go internal/request/requesttest/extensions.go
	internal/request/requesttest/good.go internal/request/requesttest/keys.go
	internal/request/requesttest/names.go internal/request/requesttest/signatures.go
	internal/request/requesttest/structures.go internal/request/requesttest/subjects.go
	internal/request/signature.go internal/request/subject.go test/fuse/main.go test/lint/lint_test.go
	test/whole/main.go`)

// TestShape: no Go file has a line over 120 columns, more than 350 lines, or a function of more than 60 lines.
func TestShape(t *testing.T) {
	for _, file := range tracked(t) {
		if !strings.HasSuffix(file, ".go") || slices.Contains(misshapen, file) {
			continue
		}
		text, err := os.ReadFile("../" + file)
		if err != nil { // removed, and not yet committed
			continue
		}
		checkLines(t, file, string(text))
		checkFunctions(t, file, text)
	}
}

func checkLines(t *testing.T, file, text string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\n")
		if columns := utf8.RuneCountInString(line) + 3*strings.Count(line, "\t"); columns > maxColumns {
			t.Errorf("%s:%d: %d columns, more than %d", file, n, columns, maxColumns)
		}
	}
	if n > maxFileLines {
		t.Errorf("%s: %d lines, more than %d", file, n, maxFileLines)
	}
}

func checkFunctions(t *testing.T, file string, text []byte) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, text, parser.SkipObjectResolution)
	must(t, err)
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		first, last := files.Position(f.Pos()).Line, files.Position(f.End()).Line
		if n := last - first + 1; n > maxFunctionLines {
			t.Errorf("%s:%d: %s has %d lines, more than %d", file, first, f.Name.Name, n, maxFunctionLines)
		}
	}
}
