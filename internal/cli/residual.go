package cli

import "time"

// Residual writes the time until something ends: "89 days", "11 hours", "ended 3 days ago".
func Residual(end, now time.Time) string {
	if left := end.Sub(now); left >= 0 {
		return Span(left)
	}
	return "ended " + Span(now.Sub(end)) + " ago"
}

// Span writes a duration in days, below two days in hours, below an hour in minutes; what is left over is cut off.
func Span(d time.Duration) string {
	switch hours := int(d / time.Hour); {
	case hours >= 48:
		return Count(hours/24, "day", "days")
	case hours >= 1:
		return Count(hours, "hour", "hours")
	}
	return Count(int(d/time.Minute), "minute", "minutes")
}
