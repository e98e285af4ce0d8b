package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The users of these tests are numbers without accounts: nothing of the machine is changed, and what works for them
// works in a container.
const (
	carol = 64001 // the CA admin
	dave  = 64002 // the component admin
)

// users are two people on one host, who share a directory and no group, and have a umask.
type users struct {
	*testing.T
	bin, dir, umask string
	groups          []uint32 // of both
}

func newUsers(t *testing.T, umask string) *users {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be two users")
	}
	u := &users{T: t, bin: build(t), dir: t.TempDir(), umask: umask}
	must(t, os.Chmod(filepath.Dir(u.dir), 0o755))
	must(t, os.Chmod(u.dir, 0o1777)) // as /tmp
	for name, id := range map[string]int{"carol": carol, "dave": dave} {
		must(t, os.Mkdir(u.path(name), 0o700))
		must(t, os.Chown(u.path(name), id, id))
	}
	return u
}

func (u *users) path(name string) string { return filepath.Join(u.dir, name) }

// command is a shell command of a user, with the user's umask; root is user 0.
func (u *users) command(user uint32, dir, line string) *exec.Cmd {
	c := exec.Command("sh", "-c", "umask "+u.umask+"; "+line)
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+u.bin+":"+os.Getenv("PATH"), "HOME="+dir, "CA_EXCHANGE=", "CA_ADMIN_DIR=",
		"COMPONENT_ADMIN_DIR=")
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user, Groups: u.groups}}
	return c
}

// run runs a command line in the user's own directory and wants its exit status.
func (u *users) run(want int, user uint32, line string) string {
	u.Helper()
	dir := u.path("carol")
	if user != carol {
		dir = u.path("dave")
	}
	return u.runIn(dir, want, user, line)
}

func (u *users) runIn(dir string, want int, user uint32, line string) string {
	u.Helper()
	c := u.command(user, dir, line)
	out, _ := c.CombinedOutput()
	if got := c.ProcessState.ExitCode(); got != want {
		u.Fatalf("umask %s, user %d: %s\nexited with %d, not %d:\n%s", u.umask, user, line, got, want, out)
	}
	return string(out)
}

// give lets a public file travel to the other person, as mail does.
func (u *users) give(from, to string) {
	u.Helper()
	text, err := os.ReadFile(from)
	must(u.T, err)
	must(u.T, os.WriteFile(to, text, 0o644))
	must(u.T, os.Chmod(to, 0o644))
}

var anyTrust = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// eachUmask are the umasks that hosts have: of a hardened root, of a hardened user, of everybody else.
func eachUmask(t *testing.T, test func(*users)) {
	long(t)
	for _, umask := range []string{"077", "027", "022"} {
		t.Run(umask, func(t *testing.T) {
			t.Parallel()
			test(newUsers(t, umask))
		})
	}
}

// TestUsersSession runs the README's session of both roles as two users who stand in one directory.
func TestUsersSession(t *testing.T) {
	eachUmask(t, func(u *users) {
		trust := ""
		for _, line := range session(u.T, "../README.md", "A session of both roles") {
			command, isCommand := strings.CutPrefix(line, "$ ")
			command = regexp.MustCompile(`sha256:[0-9a-f]+…`).ReplaceAllString(command, trust)
			switch {
			case !isCommand:
			case command == "ca-admin watch":
				watch := u.command(carol, u.dir, "exec "+command)
				must(u.T, watch.Start())
				defer func() { watch.Process.Signal(os.Interrupt); watch.Wait() }()
			case strings.HasPrefix(command, "ca-admin"):
				trust = anyTrust.FindString(u.runIn(u.dir, 0, carol, command)) + trust
			default:
				u.runIn(u.dir, 0, dave, command)
				u.give(u.path("component/component-admin/identity.pub"), u.path("identity.pub"))
			}
		}
		if !strings.Contains(u.runIn(u.dir, 0, dave, "component-admin status"), "1 of 1 valid") {
			u.Error("nothing was installed")
		}
		u.rootOnce(u.dir, u.dir)
	})
}

// rootOnce: root in a user's directory, by mistake, is told how to be that user, and locks nobody out.
func (u *users) rootOnce(ofCarol, ofDave string) {
	u.Helper()
	for _, test := range []struct {
		dir, program, command string
		user                  uint32
	}{
		{ofDave, "component-admin", "status", dave},
		{ofDave, "component-admin", "request server --dns root.example", dave},
		{ofCarol, "ca-admin", "status", carol},
		{ofCarol, "ca-admin", "enroll root --key " + u.path("identity.pub"), carol},
	} {
		out := u.runIn(test.dir, 1, 0, test.program+" "+test.command)
		if want := "sudo -u '#" + strconv.Itoa(int(test.user)) + "' " + test.program; !strings.Contains(out, want) {
			u.Errorf("%s %s as root says\n%s", test.program, test.command, out)
		}
		u.runIn(test.dir, 0, test.user, test.program+" status")
	}
}

// setUp makes a CA of carol's, with this exchange, that knows dave.
func (u *users) setUp(initFlags string) {
	u.Helper()
	trust := anyTrust.FindString(u.run(0, carol, "ca-admin init --issuer ca --key-type ECDSA-P256 "+initFlags))
	u.run(0, dave, "component-admin init --name cp1-admin --trust "+trust)
	u.give(u.path("dave/component/component-admin/identity.pub"), u.path("identity.pub"))
	u.run(0, carol, "ca-admin enroll cp1-admin --key ../identity.pub "+
		"--profile kube-apiserver --node cp1 --ip 192.0.2.0/24")
}

// airGap are the commands of the README's session with a stick, and what the last one prints.
func airGap(t *testing.T) (commands []string) {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	must(t, err)
	_, rest, _ := strings.Cut(string(text), "\n## Air-gapped")
	section, _, _ := strings.Cut(rest, "\n## ")
	command := regexp.MustCompile(`(?m)^    (?:CA|component) host +\$ ([^#\n]+)`)
	for _, match := range command.FindAllStringSubmatch(section, -1) {
		commands = append(commands, match[1])
	}
	if len(commands) != 4 {
		t.Fatalf("README.md: the air-gapped session has the commands %q", commands)
	}
	return commands
}

// TestUsersStick runs the README's session with a stick: on each host its files are the user's who mounts it.
func TestUsersStick(t *testing.T) {
	eachUmask(t, func(u *users) {
		u.setUp("")
		stick := u.path("a stick")
		must(u.T, os.Mkdir(stick, 0o755))
		for _, command := range airGap(u.T) {
			user := uint32(carol)
			if strings.HasPrefix(command, "component-admin") {
				user = dave
			}
			must(u.T, exec.Command("chown", "-R", strconv.Itoa(int(user)), stick).Run())
			u.run(0, user, strings.ReplaceAll(command, "/media/stick", "'"+stick+"'"))
		}
		if !strings.Contains(u.run(0, dave, "component-admin status"), "1 of 1 valid") {
			u.Error("nothing was installed")
		}
		u.rootOnce(u.path("carol"), u.path("dave"))
	})
}

// TestUsersServer: an exchange on a file server belongs to the user who runs ca-admin; everybody may ask, or a group;
// nobody else can take an answer away.
func TestUsersServer(t *testing.T) {
	eachUmask(t, func(u *users) {
		must(u.T, os.Mkdir(u.path("srv"), 0o755))
		must(u.T, os.Chown(u.path("srv"), carol, carol))
		exchange := u.path("srv/exchange")
		u.setUp("--exchange " + exchange)
		u.run(0, dave, "component-admin request kube-apiserver --node cp1 --ip 192.0.2.10 --exchange "+exchange)
		u.run(0, carol, "ca-admin sync")
		u.run(0, dave, "component-admin sync")
		u.run(1, dave, "rm "+exchange+"/outbox/cp1-*.crt")
	})
}

// TestUsersGroup: with --group only the group's members may ask; who is none is told who can help.
func TestUsersGroup(t *testing.T) {
	long(t)
	t.Parallel()
	const group, daemon = "daemon", 1 // every system has this one
	u := newUsers(t, "077")
	u.groups = []uint32{daemon}
	at := " --exchange '" + u.path("the exchange") + "'"
	u.setUp("--group " + group + at)
	ask := "component-admin request kube-apiserver --node cp1 --ip 192.0.2.10" + at
	u.groups = nil
	if out := u.run(1, dave, ask); !strings.Contains(out, "the inbox lets only some drop requests") {
		t.Errorf("who is not of the group is told\n%s", out)
	}
	u.groups = []uint32{daemon}
	u.run(3, dave, "component-admin sync"+at)
	u.run(0, carol, "ca-admin sync")
	u.run(0, dave, "component-admin sync")
}
