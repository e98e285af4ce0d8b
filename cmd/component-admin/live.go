package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
)

// wire is what a component of this host serves at an address.
type wire struct {
	Address     string `json:"address"`
	Fingerprint string `json:"fingerprint"` // "" where nothing answered
	Problem     string `json:"problem,omitempty"`
}

// sentence compares what is served with what is on disk.
func (w wire) sentence(disk string) string {
	switch {
	case w.Problem != "":
		return fmt.Sprintf("nothing was read at %s: %s", w.Address, w.Problem)
	case w.Fingerprint == disk:
		return fmt.Sprintf("%s serves what is on disk", w.Address)
	}
	return fmt.Sprintf("disk %s.. wire %s..: not taken up yet at %s", disk[:min(4, len(disk))], w.Fingerprint[:4],
		w.Address)
}

// wire asks the addresses where an item's component listens.
func (s *statusCommand) wire(ctx context.Context, c *component.Component, i component.Item) ([]wire, error) {
	addresses := c.LiveAddresses(i)
	if len(s.Address) > 0 && len(addresses) > 0 {
		addresses = s.Address
	}
	var all []wire
	for _, address := range addresses {
		if err := ownAddress(address); err != nil {
			return nil, cli.WithStatus(cli.Usage, fmt.Errorf("--address %q: %w", address, err))
		}
		w := wire{Address: address}
		fingerprint, err := component.Served(ctx, address, 5*time.Second)
		if err != nil {
			w.Problem = err.Error()
		}
		w.Fingerprint = fingerprint
		all = append(all, w)
	}
	return all, nil
}

// ownAddress refuses what is not on this host: status says nothing of others, and asks them nothing.
func ownAddress(address string) error {
	port, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("an address and a port (example: 127.0.0.1:6443)")
	}
	if port.Addr().IsLoopback() {
		return nil
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	for _, a := range own {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr() == port.Addr().Unmap() {
			return nil
		}
	}
	return fmt.Errorf("not an address of this host")
}
