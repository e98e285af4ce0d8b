// Package request reads hostile bytes: one entry of an inbox with its PEM, cover, signature and CSR, names as asked,
// and the weaknesses of its key. Parse is the way in; what it does not understand is refused. It opens no file, holds
// no policy and prints nothing. The package also writes what component-admin drops, so that reader and writer agree.
package request
