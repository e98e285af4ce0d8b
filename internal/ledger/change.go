package ledger

// Change is one step of one request, written whole or not at all.
type Change struct {
	Request     Request
	OnlyAnswers bool         // the row stays as it is: a known request was asked under further names
	ByPerson    bool         // a person decided: may reopen a denial, or give a request a second certificate
	Entry       []byte       // the request's bytes, stored where not nil
	Notice      []byte       // the notice it is answered by, stored where not nil
	Certificate *Certificate // nil where none is issued
	AnswerPEM   []byte       // the certificate as published: leaf and chain
	Answers     []Answer     // addresses that now belong to the request; each is owed the new answer
	Event       *Event       // nil where nothing happened but another name for a known answer
}
