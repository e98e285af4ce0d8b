package ca

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math/big"
	"path/filepath"
	"strconv"
	"strings"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/pki"
)

// Foreign is what another CA's records have of one certificate.
type Foreign struct {
	Where   string            // for people: a file, or a line of one
	File    string            // of the certificate, below the directory that was named
	Leaf    *x509.Certificate // nil where only its serial is known
	Serial  *big.Int          // where there is no Leaf; nil where there is neither
	Issuer  string            // of the serial, its name here; "" where the records do not say
	Revoked *pki.Revocation   // nil where they do not say so
	Problem error             // why there is no Leaf
}

// What is read of another CA's records, in bytes: a line of an index has about 100.
const (
	indexLimit       = 256 << 20
	certificateLimit = 16 << 20
)

// indexFile is openssl's name of an index, which easy-rsa has taken over.
const indexFile = "index.txt"

// OpenSSL reads the directory of an `openssl ca`: index.txt, and newcerts/SERIAL.pem for each of its lines.
func OpenSSL(path string) iter.Seq2[Foreign, error] {
	return indexed(path, func(dir *durable.Dir, serial string) ([]byte, string, error) {
		return readFirst(dir, "newcerts/"+serial+".pem")
	})
}

// EasyRSA reads a PKI directory of easy-rsa 3: index.txt, and for each of its lines certs_by_serial or
// revoked/certs_by_serial. What its releases keep under other names, such as a renewed one, is found by its serial.
func EasyRSA(path string) iter.Seq2[Foreign, error] {
	var others map[string]string
	return indexed(path, func(dir *durable.Dir, serial string) ([]byte, string, error) {
		text, file, err := readFirst(dir, "certs_by_serial/"+serial+".pem", "revoked/certs_by_serial/"+serial+".crt",
			"renewed/certs_by_serial/"+serial+".crt", "expired/certs_by_serial/"+serial+".crt")
		if !errors.Is(err, fs.ErrNotExist) {
			return text, file, err
		}
		if others == nil {
			others = filesBySerial(dir, "issued", "renewed", "expired", "revoked")
		}
		if other, ok := others[serial]; ok {
			return readFirst(dir, other)
		}
		return nil, file, err
	})
}

// readFirst reads the first of some files that is there.
func readFirst(dir *durable.Dir, files ...string) (text []byte, file string, err error) {
	for _, file = range files {
		text, _, err = dir.ReadPath(file, certificateLimit)
		if !errors.Is(err, fs.ErrNotExist) {
			return text, file, err
		}
	}
	return nil, files[0], err
}

// filesBySerial finds the certificates below some directories by their serials, as an index writes them.
func filesBySerial(dir *durable.Dir, directories ...string) map[string]string {
	found := map[string]string{}
	for _, one := range directories {
		below, err := dir.OpenDir(one)
		if err != nil {
			continue
		}
		for f := range (&fileWalk{}).files(below, one, 0) {
			certificates, _ := pki.FindCertificates(f.text)
			for _, c := range certificates {
				found[pki.IndexSerial(c)] = f.path
			}
		}
		below.Close()
	}
	return found
}

// finding reads the certificate of a line of an index, by its serial.
type finding func(dir *durable.Dir, serial string) (text []byte, file string, err error)

// indexed reads an index, line by line, with the certificate of each.
func indexed(path string, find finding) iter.Seq2[Foreign, error] {
	return func(yield func(Foreign, error) bool) {
		dir, err := durable.Open(path)
		if err != nil {
			yield(Foreign{}, err)
			return
		}
		defer dir.Close()
		text, _, err := dir.Read(indexFile, indexLimit)
		if err != nil {
			yield(Foreign{}, err)
			return
		}
		number := 0
		for line := range strings.Lines(string(text)) {
			number++
			f := Foreign{Where: filepath.Join(path, indexFile) + ":" + strconv.Itoa(number)}
			entry, err := pki.ParseIndexed(strings.TrimSuffix(line, "\n"))
			switch {
			case err != nil:
				f.Problem = err
			case entry == nil:
				continue
			default:
				f.find(dir, entry, find)
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// find fills in the certificate of a line.
func (f *Foreign) find(dir *durable.Dir, entry *pki.Indexed, find finding) {
	f.Revoked, f.Serial = entry.Revoked, entry.Number
	text, file, err := find(dir, strings.ToUpper(entry.Serial))
	f.File = file
	if err != nil {
		f.Problem = err
		return
	}
	certificates, problems := pki.FindCertificates(text)
	switch {
	case len(problems) > 0:
		f.Problem = fmt.Errorf("%+q: %w", file, problems[0])
	case len(certificates) == 0:
		f.Problem = fmt.Errorf("%+q contains no certificate", file)
	case certificates[0].SerialNumber.Cmp(entry.Number) != 0:
		f.Problem = fmt.Errorf("%+q has serial %s", file, pki.SerialHex(certificates[0].SerialNumber))
	default:
		f.Leaf = certificates[0]
	}
}
