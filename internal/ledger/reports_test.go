package ledger

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func reportOf(requester, node string, at time.Time) HostReport {
	return HostReport{Requester: requester, Node: node, Time: at, Body: []byte(node)}
}

func reportsIn(t *testing.T, l *Ledger, until time.Time) []HostReport {
	t.Helper()
	all, err := collect(l.HostReports(t.Context(), until))
	must(t, err)
	return all
}

// TestTakeReports: a node has one report, the newest; an older one, or the same again, changes nothing. It is data
// without an event: the chain is whole with it and without it.
func TestTakeReports(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	later := noon.Add(time.Hour)
	refused, err := l.TakeReports(ctx, noon, []HostReport{
		reportOf("me", "b", noon), reportOf("me", "a", noon), reportOf("me", "b", later), reportOf("me", "b", noon),
		reportOf("you", "b", noon),
	})
	must(t, err)
	if len(refused) != 1 || !errors.Is(refused[3], ErrReport) {
		t.Errorf("refused: %v", refused)
	}
	refused, err = l.TakeReports(ctx, noon, []HostReport{reportOf("me", "b", later)})
	if err != nil || !errors.Is(refused[0], ErrReport) {
		t.Errorf("the same again: %v, %v", refused, err)
	}
	all := reportsIn(t, l, later)
	if len(all) != 3 || all[1].Node != "b" || !all[1].Time.Equal(later) || string(all[1].Body) != "b" {
		t.Errorf("%+v", all)
	}
	if until := reportsIn(t, l, noon); len(until) != 2 {
		t.Errorf("until noon: %+v", until)
	}
	must(t, l.Verify(ctx, 0, ""))
}

// TestReportsAreBounded: one more node of a requester has no report, unless a year has passed since another's; the
// nodes that have one, and other requesters, are not concerned.
func TestReportsAreBounded(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	var full []HostReport
	for i := range NodesOfRequester {
		full = append(full, reportOf("me", fmt.Sprintf("n%d", i), noon.Add(time.Duration(i)*time.Second)))
	}
	refused, err := l.TakeReports(ctx, noon, full)
	if err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	later := noon.Add(time.Hour)
	refused, err = l.TakeReports(ctx, later, []HostReport{
		reportOf("me", "more", later), reportOf("me", "n7", later), reportOf("you", "more", later),
	})
	if err != nil || len(refused) != 1 || !errors.Is(refused[0], ErrReport) {
		t.Errorf("refused: %v, %v", refused, err)
	}
	year := noon.Add(ReportLife + time.Second/2) // the first of them is too old then
	refused, err = l.TakeReports(ctx, year.Add(time.Second), []HostReport{reportOf("me", "more", year)})
	if err != nil || len(refused) > 0 {
		t.Errorf("after a year: %v, %v", refused, err)
	}
	if all := reportsIn(t, l, year); len(all) > NodesOfRequester+1 {
		t.Errorf("%d reports", len(all))
	}
}
