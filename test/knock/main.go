// Command knock connects to TLS servers all along, once for each connection a request, with each of several client
// certificates. It ends by SIGTERM with one line for each server and certificate: how often it was served, and how
// often it was refused.
//
//	knock CA NAME=CERTIFICATE,KEY… URL…
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// pause is the time between two connections with one certificate.
const pause = 5 * time.Millisecond

// knocker asks one server with one certificate.
type knocker struct {
	name, url       string
	client          *http.Client
	served, refused int
	why             error // of the last refusal
}

func main() {
	knockers, err := prepare(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	done := make(chan struct{})
	var all sync.WaitGroup
	for _, k := range knockers {
		all.Go(func() { k.knock(done) })
	}
	<-stop
	close(done)
	all.Wait()
	for _, k := range knockers {
		fmt.Printf("%s %s served %d refused %d (%v)\n", k.name, k.url, k.served, k.refused, k.why)
	}
}

func prepare(args []string) (all []*knocker, err error) {
	text, err := os.ReadFile(args[0])
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	clients := map[string]tls.Certificate{}
	for _, arg := range args[1:] {
		if strings.HasPrefix(arg, "https://") {
			for name, pair := range clients {
				config := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}
				transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
				client := &http.Client{Transport: transport, Timeout: time.Minute}
				all = append(all, &knocker{name: name, url: arg, client: client})
			}
			continue
		}
		name, files, _ := strings.Cut(arg, "=")
		certificate, key, _ := strings.Cut(files, ",")
		if clients[name], err = tls.LoadX509KeyPair(certificate, key); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (k *knocker) knock(done <-chan struct{}) {
	for {
		response, err := k.client.Get(k.url)
		switch {
		case err != nil:
			k.refused, k.why = k.refused+1, err
		case response.StatusCode != http.StatusOK:
			k.refused, k.why = k.refused+1, fmt.Errorf("status %d", response.StatusCode)
		default:
			k.served++
		}
		if err == nil {
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
		select {
		case <-done:
			return
		case <-time.After(pause):
		}
	}
}
