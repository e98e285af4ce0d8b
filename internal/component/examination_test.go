package component

import "testing"

// TestShortLife: a certificate that lasts 30 days ends soon in its last third, and not from its first day on.
func TestShortLife(t *testing.T) {
	for left, want := range map[int]int{29: 0, 11: 0, 9: 1} {
		e := examination{Host: Host{Now: clock}}
		e.validity("web.crt", clock.AddDate(0, 0, left-30), clock.AddDate(0, 0, left), remedy{})
		if len(e.findings) != want {
			t.Errorf("%d days left of 30: %+v, want %d findings", left, e.findings, want)
		}
	}
}
