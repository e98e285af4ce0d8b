// Command whole looks into directories all along, as a neighbour would, and counts files under a final name that are
// not whole: a certificate cut short, half a key, JSON that does not parse. It ends by SIGTERM with a line of what it
// saw, and exit status 1 where it saw a part of a file.
//
//	whole DIR…
package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	o := onlooker{known: map[string]version{}}
	for {
		for _, dir := range os.Args[1:] {
			filepath.WalkDir(dir, o.visit)
		}
		o.looks++
		select {
		case <-stop:
			fmt.Printf("%d looks, %d files, %d partial\n", o.looks, o.files, o.partial)
			if o.partial > 0 {
				os.Exit(1)
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// onlooker remembers what was whole: only what is new or changed is read.
type onlooker struct {
	known                 map[string]version
	looks, files, partial int
}

type version struct {
	inode    uint64
	modified time.Time
	size     int64
}

func (o *onlooker) visit(path string, entry fs.DirEntry, err error) error {
	if err != nil {
		return nil // it went away meanwhile, or the disk just failed
	}
	check, final := checks[filepath.Ext(path)]
	if !final || !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), ".") {
		return nil
	}
	info, err := entry.Info()
	if err != nil {
		return nil
	}
	v := version{modified: info.ModTime(), size: info.Size()}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		v.inode = s.Ino
	}
	if o.known[path] == v {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	o.files++
	if !check(data) {
		o.partial++
		fmt.Printf("partial: %s: %q\n", path, data[max(0, len(data)-40):])
		return nil
	}
	o.known[path] = v
	return nil
}

// checks are the final names, by what they end in.
var checks = map[string]func([]byte) bool{".crt": certificates, ".pem": blocks, ".key": blocks, ".csr": blocks,
	".json": json.Valid}

// blocks is true of PEM from the first byte that counts to the last, at least one block.
func blocks(data []byte) bool {
	block, rest := pem.Decode(data)
	for ; block != nil; block, rest = pem.Decode(rest) {
		if len(rest) == 0 {
			return true
		}
	}
	return false
}

func certificates(data []byte) bool {
	for rest := data; len(rest) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return false
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return false
		}
	}
	return blocks(data)
}
