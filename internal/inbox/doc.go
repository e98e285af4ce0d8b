// Package inbox is the exchange: a spool directory for both directions, beside neighbours who may do anything to it.
//
// It knows names, states and moves of files, and nothing of what they mean. Every directory is held open by
// descriptor and none is ever entered through a link; what is read is read once, from a regular file of at most
// 64 KiB; what is written appears whole. Watch says when to look again.
package inbox
