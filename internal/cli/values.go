package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// values read the values of flags and arguments, and say in the programs' own words what is wrong with one.
func values() []kong.Option {
	return []kong.Option{
		kong.TypeMapper(reflect.TypeFor[time.Duration](), value(duration)),
		kong.TypeMapper(reflect.TypeFor[netip.Addr](), value(address)),
		kong.KindMapper(reflect.Int, value(number)),
	}
}

// value makes a mapper of what reads one word.
func value[T any](parse func(string) (T, error)) kong.MapperFunc {
	return func(ctx *kong.DecodeContext, target reflect.Value) error {
		if ctx.Scan.Peek().IsEOL() {
			return errors.New("a value is missing")
		}
		parsed, err := parse(ctx.Scan.Pop().String()) // also of -5, which is one
		if err == nil {
			target.Set(reflect.ValueOf(parsed).Convert(target.Type()))
		}
		return err
	}
}

// ParseDuration reads a Go duration or whole days: "30d", "12h", "10m".
func ParseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration (examples: 30d, 12h, 10m)", text)
	}
	return d, nil
}

func duration(text string) (time.Duration, error) { return ParseDuration(text) }

func address(text string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(text)
	if err == nil {
		return ip, nil
	}
	if _, prefixErr := netip.ParsePrefix(text); prefixErr == nil {
		return ip, fmt.Errorf("%q is a subnet; one address is needed here", text)
	}
	return ip, fmt.Errorf("%q is not an IP address (examples: 192.0.2.10, 2001:db8::10)", text)
}

func number(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	return n, nil
}

// usage says what is wrong with a command line without the names of system calls and of the parser's parts.
func usage(err error) error {
	text := err.Error()
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		text = strings.Replace(text, failed.Error(), fmt.Sprintf("%q: %v", failed.Path, failed.Err), 1)
	}
	return errors.New(argument.ReplaceAllString(text, ""))
}

// argument is how the parser begins an error about an argument that has no name on the command line.
var argument = regexp.MustCompile(`^\[?<[^>]*>(?: \.\.\.)?\]?: `)
