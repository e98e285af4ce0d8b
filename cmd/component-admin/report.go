package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ca-exchange/internal/component"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/refusal"
)

// report says what is new about requests, each thing once however long a command waits.
type report struct {
	*app
	said   map[string]string // by request id
	hinted map[string]bool
}

func newReport(a *app) *report { return &report{a, map[string]string{}, map[string]bool{}} }

// progress says how one request stands, where that is news.
func (r *report) progress(out component.Progress) {
	for _, w := range out.Warnings {
		r.Warn("%s: %s", out.Profile, w)
	}
	if out.Dropped {
		r.Say("dropped %s.csr into the inbox", out.Entry)
	}
	state, say := r.news(out)
	if say != nil && r.said[out.ID] != state {
		say()
	}
	r.said[out.ID] = state
}

// news is how a request stands, and what says so.
func (r *report) news(out component.Progress) (state string, say func()) {
	switch {
	case out.Status == component.StatusInstalled:
		return out.Status, func() { r.installed(out.State) }
	case out.Problem != nil:
		return out.Problem.Error(), func() { r.uninstalled(out) }
	case out.Undropped != nil:
		return out.Undropped.Error(), func() { r.undropped(out) }
	case out.Notice != nil:
		return out.Notice.Status + out.Notice.Reason, func() { r.notice(out) }
	}
	return out.Status, nil
}

func (r *report) uninstalled(out component.Progress) {
	r.Warn("%s: not installed: %v", out.Profile, out.Problem)
	if errors.Is(out.Problem, component.ErrOtherCA) {
		r.hint("a host that moves to another CA: move that file aside, then component-admin sync")
	}
}

func (r *report) undropped(out component.Progress) {
	r.Warn("%s: not dropped: %v", out.Profile, out.Undropped)
	if errors.Is(out.Undropped, inbox.ErrForeign) {
		r.hint("remove inbox/%s.csr, or ask again under another name: component-admin request %s … --again",
			out.Entry, out.Profile)
	}
}

// installed says what was put into place, and what has to happen until the component uses it.
func (r *report) installed(s component.State) {
	r.Say("installed %s, valid until %s", s.Files.Place(), s.NotAfter.Format("2006-01-02"))
	if release, err := kube.ParseRelease(s.Release); err == nil {
		effect := kube.EffectOf(s.Profile, release)
		if s.Files.PEM {
			effect = effect.OfUnit()
		}
		r.Say("  %s", effect.Sentence(s.Files.Place()))
	}
}

// losing says what a certificate lacks of the one it is about to replace.
func (r *report) losing(s component.State, lost []string) {
	r.Warn("%s: the new certificate lacks what the installed one has:", s.Files.Place())
	for _, line := range lost {
		r.Say("  - %s", line)
	}
}

// notice passes on what the outbox says. Anybody can write there, so its words are quoted, and the hints are our own.
func (r *report) notice(out component.Progress) {
	r.Say("%s: the outbox says (unverified): %s, %s", out.Profile, out.Notice.Status, unquoted(out.Notice.Message))
	for _, f := range out.Notice.Refusals[:min(len(out.Notice.Refusals), shownRefusals)] {
		r.refusal(f)
	}
	if more := len(out.Notice.Refusals) - shownRefusals; more > 0 {
		r.Say("  and %d more", more)
	}
	for _, f := range out.Notice.Refusals[:min(len(out.Notice.Refusals), shownRefusals)] {
		if help := r.help(f.Code, out.State); help != "" {
			r.hint("%s: %s", f.Code, help)
		}
	}
	if out.Notice.Status == "Held" {
		r.hint("the CA admin decides with: ca-admin approve %s", out.ID[:16])
	}
}

// shownRefusals is how many refusals of a notice are shown: more than ca-admin ever writes come from somebody else.
const shownRefusals = 32

func (r *report) refusal(f refusal.Refusal) {
	if f.Code == refusal.DeniedByPerson {
		if f.Allowed != "" {
			r.Say("  the reason given: %s", unquoted(f.Allowed))
		}
		return
	}
	line := fmt.Sprintf("  %s %s", refusal.Quote(string(f.Code)), refusal.Quote(f.Field))
	if f.Asked != "" {
		line += ", asked: " + unquoted(f.Asked)
	}
	if f.Allowed != "" {
		line += ", allowed: " + unquoted(f.Allowed)
	}
	r.Say("%s", line)
}

// unquoted quotes words of a notice for a screen. An honest notice has them quoted already, and twice is unreadable.
func unquoted(s string) string { return refusal.Quote(plain(s)) }

// plain takes the quotation marks of a notice away.
func plain(s string) string {
	if text, err := strconv.Unquote(s); err == nil {
		return text
	}
	return s
}

// hint prints a hint once for all requests.
func (r *report) hint(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !r.Quiet && !r.hinted[line] {
		r.Hint("%s", line)
	}
	r.hinted[line] = true
}

// waiting says, once for each change, what a command waits for and how to stop.
func (r *report) waiting(all []component.Progress, limit time.Duration) {
	var open []string
	for _, out := range all {
		if out.Status != component.StatusInstalled {
			open = append(open, out.Files.Place())
		}
	}
	line := fmt.Sprintf("waiting up to %s for %s; Ctrl-C leaves the rest to a later sync", limit,
		strings.Join(open, ", "))
	if r.said["waiting"] != line {
		r.Say("%s", line)
	}
	r.said["waiting"] = line
}
