// Package durable is the file system as the exchange needs it: directories held open by descriptor, files that
// appear whole or not at all and stay after a power cut, and a lock.
//
// Every operation names a file relative to an open Dir and never follows a symbolic link in it, so a hostile
// neighbour who swaps a directory or a file meanwhile cannot lead it elsewhere. It says nothing of what a file means.
package durable
