package refusal

// Outcome is what becomes of a request. The strictest of its refusals decides.
type Outcome int

const (
	Issue Outcome = iota // no refusal: a certificate, without a person
	Hold                 // a person may approve it
	Deny                 // no person can
)

func (o Outcome) String() string { return [...]string{"issue", "hold", "deny"}[o] }
