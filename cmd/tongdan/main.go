// Command tongdan is the whole program: the hub with its console, the demonstration with
// simulated platforms, the simulators alone, and what describes the API.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/logger"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case errors.Is(err, errDoesNotHold): // what does not is told already
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "tongdan:", err)
		if words := fault.WordsOf(err); words != "" && !strings.Contains(err.Error(), words) {
			fmt.Fprintln(os.Stderr, "tongdan:", words) // what to do
		}
		if errors.As(err, new(couldNotLook)) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

const usage = `Tongdan (通单): the orders of all channels in one place.

  tongdan demo      a tea shop and a Latin American seller over simulated platforms
  tongdan serve     the hub with its console
  tongdan setup     a new one-time link to make an owner
  tongdan bridge    in a shop: carries tickets to its network printers for a hub elsewhere
  tongdan rehearse  a busy day on simulated platforms, and whether the promise held
  tongdan verify    looks at every promise on a live database
  tongdan replay    rebuilds orders from the journal and shows what differs
  tongdan statement whether the platforms count as many orders as are here, per shop and day
  tongdan case      packs one order's journal, masked, for somebody else to replay
  tongdan backup    a backup, also while the hub runs
  tongdan restore   a backup into an empty place; nothing is called from it until it is armed
  tongdan arm       let a restored or copied database call platforms again
  tongdan rotate-key  a new master key for everything that is sealed
  tongdan sim       the simulated platforms alone
  tongdan openapi   the description of the API
  tongdan version

Each has -help.
`

// A command is one subcommand. What it prints for people goes to out, its log to log.
type command struct {
	env func(string) string
	in  io.Reader // what people answer
	out io.Writer
	err io.Writer
	log *slog.Logger
}

// run carries out one subcommand. It returns when that is done, or when ctx ends.
func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	c := command{env: env, in: os.Stdin, out: stdout, err: stderr}
	level := slog.LevelInfo
	if text := env("TONGDAN_LOG"); text != "" {
		if err := level.UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("TONGDAN_LOG is %q: use debug, info, warn or error", text)
		}
	}
	var err error
	if c.log, err = logger.New(stderr, level, env("TONGDAN_LOG_FORMAT"), api.About); err != nil {
		return fmt.Errorf("TONGDAN_LOG_FORMAT: %w", err)
	}
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return flag.ErrHelp
	}
	switch args[0] {
	case "serve":
		return c.serve(ctx, args[1:])
	case "setup":
		return c.setup(ctx, args[1:])
	case "backup":
		return c.backup(ctx, args[1:])
	case "restore":
		return c.restore(ctx, args[1:])
	case "rotate-key":
		return c.rotateKey(ctx, args[1:])
	case "arm":
		return c.arm(ctx, args[1:])
	case "bridge":
		return c.bridge(ctx, args[1:])
	case "demo":
		return c.demo(ctx, args[1:])
	case "verify":
		return c.verify(ctx, args[1:])
	case "replay":
		return c.replay(ctx, args[1:])
	case "statement":
		return c.statement(ctx, args[1:])
	case "case":
		return c.packCase(ctx, args[1:])
	case "rehearse":
		return c.rehearse(ctx, args[1:])
	case "sim":
		return c.sim(ctx, args[1:])
	case "openapi":
		b, err := api.Document(apiVersion)
		if err != nil {
			return err
		}
		_, err = stdout.Write(b)
		return err
	case "version":
		_, err := fmt.Fprintln(stdout, version())
		return err
	case "help", "-h", "-help", "--help":
		_, err := fmt.Fprint(stdout, usage)
		return err
	}
	fmt.Fprint(stderr, usage)
	return fmt.Errorf("there is no command %q", args[0])
}

// apiVersion is that of the API, which grows without breaking.
const apiVersion = "1"

// version is that of the program, from the build.
func version() string {
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v, dirty := b.Main.Version, false
	for _, s := range b.Settings {
		switch {
		case s.Key == "vcs.revision" && (v == "" || v == "(devel)"):
			v = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	if v == "" {
		v = "devel"
	}
	if dirty && len(v) == 12 {
		v += "+changes"
	}
	return v
}

// flags makes the flags of a subcommand, which refuse what is left over.
func (c command) flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet("tongdan "+name, flag.ContinueOnError)
	f.SetOutput(c.err)
	return f
}

func parse(f *flag.FlagSet, args []string) error {
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%s takes no %q; see -help", f.Name(), f.Arg(0))
	}
	return nil
}

// or gives a setting of the environment, or what stands in for it.
func (c command) or(name, otherwise string) string {
	if v := c.env(name); v != "" {
		return v
	}
	return otherwise
}
