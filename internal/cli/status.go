package cli

import (
	"errors"
	"slices"
)

// Status is a process's exit status. The numbers are stable and documented in README.md.
type Status int

const (
	Done         Status = 0
	Failed       Status = 1
	Usage        Status = 2 // also: a question, but no terminal and no --yes
	Unanswered   Status = 3 // held, or left without an answer
	Denied       Status = 4
	Unverified   Status = 5
	RenewalIsDue Status = 6
)

// Meaning is what a person reads about a status, as in README.md.
func (s Status) Meaning() string {
	return [...]string{
		Done: "done", Failed: "failed",
		Usage:        "wrong usage, or a question without a terminal and without --yes",
		Unanswered:   "held, or left unanswered",
		Denied:       "denied",
		Unverified:   "verification failed",
		RenewalIsDue: "renewal due",
	}[s]
}

// precedence is the order in which one status stands for several: the most serious comes first.
var precedence = []Status{Unverified, Denied, Unanswered, RenewalIsDue, Failed, Usage}

// Worst is the one status of several outcomes.
func Worst(statuses ...Status) Status {
	for _, p := range precedence {
		if slices.Contains(statuses, p) {
			return p
		}
	}
	return Done
}

// Error is an error with what a person can do about it and the status to exit with.
type Error struct {
	Err    error
	Status Status
	Hints  []string
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Hint wraps err with hint lines; the status of err is kept, Failed if it has none.
func Hint(err error, hints ...string) error {
	if err == nil {
		return nil
	}
	status, earlier := Failed, []string(nil)
	if e, ok := errors.AsType[*Error](err); ok {
		status, earlier = e.Status, e.Hints
	}
	return &Error{Err: err, Status: status, Hints: append(earlier, hints...)}
}

// WithStatus wraps err so that the program exits with status.
func WithStatus(status Status, err error, hints ...string) error {
	return &Error{Err: err, Status: status, Hints: hints}
}

// Exit ends a command whose result is printed already with only a status.
type Exit Status

func (e Exit) Error() string { return "exit" }

// StatusOf is the exit status of a command's error.
func StatusOf(err error) Status {
	if err == nil {
		return Done
	}
	if e, ok := errors.AsType[Exit](err); ok {
		return Status(e)
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return Failed
}

// ExitWith ends a command with a status, its result being printed already; Done is no error.
func ExitWith(s Status) error {
	if s == Done {
		return nil
	}
	return Exit(s)
}
