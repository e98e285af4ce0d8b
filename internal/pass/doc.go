// Package pass answers an exchange. It is the one place that fixes the order in which a request becomes a certificate:
//
//	entry → bytes → request.Request → policy.Decision → plan → certificate → ledger record → answer → entry removed
//
// pass.go shows these steps from its first to its last line: Sync makes one pass, Watch makes one whenever something
// changes. The other files contain one step each, in this order: arrive, decide, sign, record, name, publish, remove.
// The package prints nothing: it logs, or returns values.
package pass
