// Whoami asks kube-apiserver's own x509 authenticator who a client certificate is.
//
//	whoami CA.crt CERTIFICATE...
//
// For each certificate it prints a line "FILE user=USER groups=GROUP,…", or "FILE refused: why". A file may be PEM
// certificates, leaf first, or a kubeconfig with embedded data. It exits 1 when any was refused.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	authn "k8s.io/apiserver/pkg/authentication/request/x509"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: whoami CA.crt CERTIFICATE...")
		os.Exit(2)
	}
	roots, err := readCertificates(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "whoami: error:", err)
		os.Exit(1)
	}
	authenticator := newAuthenticator(roots)
	status := 0
	for _, file := range os.Args[2:] {
		line, err := identify(authenticator, file)
		if err != nil {
			line, status = fmt.Sprintf("refused: %v", err), 1
		}
		fmt.Println(file, line)
	}
	os.Exit(status)
}

// newAuthenticator is what --client-ca-file makes of the file (apiserver, authenticatorfactory).
func newAuthenticator(roots []*x509.Certificate) *authn.Authenticator {
	options := authn.DefaultVerifyOptions()
	options.Roots = x509.NewCertPool()
	for _, root := range roots {
		options.Roots.AddCert(root)
	}
	return authn.New(options, authn.CommonNameUserConversion)
}

func identify(a *authn.Authenticator, file string) (string, error) {
	chain, err := readCertificates(file)
	if err != nil {
		return "", err
	}
	response, ok, err := a.AuthenticateRequest(&http.Request{TLS: &tls.ConnectionState{PeerCertificates: chain}})
	if err != nil {
		return "", err
	}
	if !ok {
		return "", errors.New("not authenticated")
	}
	return fmt.Sprintf("user=%s groups=%s", response.User.GetName(), strings.Join(response.User.GetGroups(), ",")), nil
}

func readCertificates(file string) ([]*x509.Certificate, error) {
	rest, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if config, err := clientcmd.Load(rest); err == nil && config.Contexts[config.CurrentContext] != nil {
		rest = config.AuthInfos[config.Contexts[config.CurrentContext].AuthInfo].ClientCertificateData
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		chain = append(chain, certificate)
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return chain, nil
}
