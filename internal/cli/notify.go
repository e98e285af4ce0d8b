package cli

import (
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Manager is the service manager that started this program, where one did (sd_notify(3)).
type Manager struct {
	Notify func(state string) // sends lines such as "READY=1"; nil where nobody listens
	Beat   time.Duration      // how often the manager wants "WATCHDOG=1"; 0 for never
}

// ServiceManager reads from the environment where the service manager listens. A name that begins with @ is an abstract
// socket. Of WATCHDOG_USEC it takes a third: one message that is late, or lost, must not end the program.
func ServiceManager() (m Manager) {
	socket := os.Getenv("NOTIFY_SOCKET")
	if !strings.HasPrefix(socket, "/") && !strings.HasPrefix(socket, "@") {
		return m
	}
	m.Notify = func(state string) {
		connection, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
		if err != nil {
			return // the manager restarts: it asks for nothing that it did not hear
		}
		defer connection.Close()
		connection.Write([]byte(state))
	}
	usec, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	pid := os.Getenv("WATCHDOG_PID")
	if err == nil && usec > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		m.Beat = time.Duration(usec) * time.Microsecond / 3
	}
	return m
}
