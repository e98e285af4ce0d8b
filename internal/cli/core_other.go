//go:build !linux

package cli

// undumpable: there is nothing to ask of this system.
func undumpable() {}
