package pass

import (
	"errors"

	"ca-exchange/internal/inbox"
)

// tidy puts back and clears away what killed processes left on the exchange: it costs a scan.
func (p *pass) tidy() {
	back, err := p.x.Recover(p.Now())
	if err != nil {
		p.warnOnce("putting entries back", err)
	}
	if back > 0 {
		p.Log.Info("entries that a stopped process had taken aside were put back", "entries", back)
	}
	if err := errors.Join(p.x.Sweep(p.Now()), p.Dir().Sweep(p.Now(), inbox.SweepAge)); err != nil {
		p.warnOnce("removing old temporary files", err)
	}
}
