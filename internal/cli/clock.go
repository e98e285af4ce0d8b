package cli

import "time"

// Now is the time that both programs go by. It is a function of its own, in a file of its own, so that a test can
// build them with another clock in its place; nothing outside a build changes it.
func Now() time.Time { return time.Now() }
