package cli

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// Formats are what a command prints besides a table: those of its tag `output:"json,csv"`.
func Formats(command *kong.Node) []string {
	if command == nil || command.Tag == nil || !command.Tag.Has("output") {
		return nil
	}
	return strings.Split(command.Tag.Get("output"), ",")
}

// checkOutput refuses a format that the command does not print: a script that asks for JSON never gets a table.
func checkOutput(command *kong.Context) error {
	formats := append([]string{"table"}, Formats(command.Selected())...)
	for _, flag := range command.Flags() {
		if flag.Name != "output" {
			continue
		}
		if chosen, _ := command.FlagValue(flag).(string); !slices.Contains(formats, chosen) {
			return fmt.Errorf("--output %s: %s prints %s", chosen, command.Selected().Name, nothingBut(formats))
		}
	}
	return nil
}

func nothingBut(formats []string) string {
	if len(formats) == 1 {
		return "nothing for scripts"
	}
	return "only " + strings.Join(formats, ", ")
}

// printHelp prints a command's help with the formats that it has, and without the flags that it does not take.
func printHelp(options kong.HelpOptions, command *kong.Context) error {
	selected := command.Selected()
	formats := Formats(selected)
	for _, flag := range command.Flags() {
		if flag.Name == "output" || flag.Name == "wide" {
			flag.Hidden = selected != nil && formats == nil
		}
		if flag.Name == "output" && formats != nil {
			flag.PlaceHolder = strings.Join(append([]string{"table"}, formats...), "|")
			flag.Help = "The format of the result (default table)."
		}
	}
	return kong.DefaultHelpPrinter(options, command)
}

// describe makes the help of flags say what is a default and what stands for a value: a word in capitals stands for
// one, and a default is named behind the text.
func describe(node *kong.Node) {
	for _, flag := range node.Flags {
		if flag.HasDefault && !flag.IsBool() {
			if flag.PlaceHolder == "" {
				flag.PlaceHolder = placeholder(flag)
			}
			flag.Help = strings.TrimSuffix(flag.Help, ".") + " (default " + flag.Default + ")."
		}
	}
	for _, child := range node.Children {
		describe(child)
	}
}

func placeholder(flag *kong.Flag) string {
	switch {
	case flag.Enum != "":
		return strings.ReplaceAll(flag.Enum, ",", "|")
	case flag.Target.Type() == reflect.TypeFor[time.Duration]():
		return "DURATION"
	case flag.Target.Kind() == reflect.Int:
		return "N"
	}
	return strings.ToUpper(flag.Name)
}
