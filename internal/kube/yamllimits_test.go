package kube

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// hostile are files that are small enough to be read, and would keep the parser busy for seconds or fill the stack.
func hostile() map[string][2]string {
	numbered := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	indented := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return b.String()
	}
	const deep, tokens = "mappings and sequences are nested more than 64 deep",
		"the file has more than 20000 YAML tokens"
	return map[string][2]string{
		"bytes":           {strings.Repeat("#", byteLimit+1), "the file has 262145 bytes, more than 262144"},
		"brackets":        {strings.Repeat("[", byteLimit), "line 1, column 65: " + deep},
		"braces":          {strings.Repeat("{a: ", byteLimit/4), "line 1, column 257: " + deep},
		"quoted brackets": {strings.Repeat(`["]", `, 1000), "line 1, column 385: " + deep},
		"dashes":          {strings.Repeat("- ", byteLimit/2), "line 1, column 129: " + deep},
		"question marks":  {strings.Repeat("? ", byteLimit/2), "line 1, column 129: " + deep},
		"indentation":     {indented(500), "line 65, column 66: " + deep},
		"keys":            {numbered("k%d: v\n", 20_000), "line 6667, column 8: " + tokens},
		"documents": {strings.Repeat("---\na: b\n", 20_000),
			"line 129, column 1: the file has more than 64 YAML documents"},
		"anchors": {numbered("k%d: &a%[1]d v\n", 15_000), "line 4001, column 1: " + tokens},
		"aliases": {"a: &a [x]\nb: [" + strings.Repeat("*a, ", 65) + "]\n",
			"line 2, column 261: the file has more than 64 aliases"},
		"aliases in levels": {bomb(), "line 8, column 30: the file has more than 64 aliases"},
	}
}

// bomb has 10^12 elements once each alias is what it stands for.
func bomb() string {
	b := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		b += fmt.Sprintf("a%d: &a%[1]d [%s]\n", i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10))
	}
	return b
}

func TestHostileFiles(t *testing.T) {
	for name, c := range hostile() {
		begun := time.Now()
		_, err := ParseConfig([]byte(c[0]))
		if want := "reading kubeadm configuration: " + c[1]; err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", name, err, want)
		}
		_, err = ParseKubeconfig([]byte(c[0]))
		if want := "reading kubeconfig: " + c[1]; err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", name, err, want)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// TestLimitsLeaveRoom: what administrators have is read.
func TestLimitsLeaveRoom(t *testing.T) {
	for name, file := range map[string]string{
		"depth":   "x: " + strings.Repeat("[", 63) + strings.Repeat("]", 63) + "\n",
		"aliases": "a: &a x\nb: [" + strings.Repeat("*a, ", 64) + "]\n",
		"long":    "a: " + strings.Repeat("x", 200_000) + "\n",
		"many":    strings.Repeat("---\na: b\n", 64),
	} {
		if _, err := ParseConfig([]byte(file)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParseKubeconfig: what is read is written so that it reads back, and whatever it was, in little time.
func FuzzParseKubeconfig(f *testing.F) {
	f.Add(sample.Encode())
	f.Add([]byte("kind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {user: u, cluster: c}}]\n"))
	f.Add([]byte("kind: Config\nusers: &a [*a]\n"))
	for _, c := range hostile() {
		f.Add([]byte(c[0][:min(len(c[0]), 2000)]))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		k, err := ParseKubeconfig(file)
		if err != nil {
			return
		}
		again, err := ParseKubeconfig(k.Encode())
		if err != nil || fmt.Sprintf("%q", again) != fmt.Sprintf("%q", k) {
			t.Errorf("%q reads back as %q, %v", k, again, err)
		}
	})
}
