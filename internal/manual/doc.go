// Package manual writes what a system keeps of a program beside its binary: the manual page, and the completions of
// bash, zsh and fish. All are made of the command line as kong read it from the program's structs, so that they say
// what the program takes. It runs no command and opens no file.
package manual
