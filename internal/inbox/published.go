package inbox

import (
	"iter"
	"strings"
)

// Certificates lists the files of the outbox and its sub-directories that have a certificate's name, the issuers' own
// left out, without a look at any of them: what they hold is ReadAnswer's question. What could not be listed comes
// last, as one *Unlisted; the rest is listed all the same. Of sub-directories as many are listed as are served.
func (x *Exchange) Certificates() iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		var missed Unlisted
		for _, team := range append([]string{""}, x.out.teams(&missed)...) {
			if !x.certificatesIn(team, &missed, yield) {
				return
			}
		}
		if missed.Excess > 0 || missed.Failed > 0 {
			yield(File{}, &missed)
		}
	}
}

func (x *Exchange) certificatesIn(team string, missed *Unlisted, yield func(File, error) bool) (goOn bool) {
	dir, err := x.out.open(team)
	if err != nil {
		if !noDirectory(err) { // removed since it was seen
			missed.add(err)
		}
		return true
	}
	defer x.out.close(dir)
	for name, err := range dir.Names() {
		if err != nil {
			missed.add(err)
			return true
		}
		base, ok := strings.CutSuffix(name.Name, CertificateSuffix)
		if !ok || !LegalName(base) || !mayBe(name.Type, 0) {
			continue
		}
		if !yield(File{Team: team, Name: name.Name}, nil) {
			return false
		}
	}
	return true
}
