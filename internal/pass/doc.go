// Package pass answers an exchange. It is the one place that fixes the order in which a request becomes a certificate:
//
//	entry → bytes → request.Request → policy.Decision → plan → certificate → ledger record → answer → entry removed
//
// pass.go shows that way from its first to its last line: Sync makes one pass, Watch makes one whenever something
// changes. The other files hold one step each, in the order of the way: arrive, decide, sign, record, name, publish,
// remove. It prints nothing: what people should know goes to the logger or is returned as values.
package pass
