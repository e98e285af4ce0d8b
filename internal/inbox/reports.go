package inbox

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"

	"ca-exchange/internal/durable"
)

// reportName is what ReportFile gives. A file whose name only resembles it is a stray, which nobody removes.
var reportName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}-[0-9a-f]{16}\.report$`)

// ReportFile is the name of a host's report in the inbox: one for each requester and node. The node's hash keeps two
// nodes apart whose names a file system could not keep apart.
func ReportFile(requester, node string) string {
	sum := sha256.Sum256([]byte(node))
	return requester + "-" + hex.EncodeToString(sum[:8]) + ".report"
}

func isReport(file string) bool { return reportName.MatchString(file) }

// DropReport puts a host's report into the inbox, whole and durable, in the place of an earlier one.
func (x *Exchange) DropReport(file string, report []byte) error {
	return x.in.dir.Replace(file, report, publicFile)
}

// ReadReport reads a host's report by the same rules as an entry.
func (x *Exchange) ReadReport(file string) Content { return content(x.in.dir.Read(file, Limit)) }

// RemoveReport takes a report away that was read, unless another one has its name by now: that one stays. Durable after
// SyncInbox.
func (x *Exchange) RemoveReport(file string, seen durable.Stat) error {
	_, err := take(x.in.dir, file, func(aside string) bool {
		now, err := x.in.dir.Stat(aside) // to rename a file changes its status alone
		return err == nil && now.Dev == seen.Dev && now.Ino == seen.Ino && now.Size == seen.Size &&
			now.Modified.Equal(seen.Modified)
	})
	return err
}
