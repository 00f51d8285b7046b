// Package printer is the contract with ticket printers, as package channel is that with
// sales platforms: one small interface that every make honours, and what each make declares
// of itself. Package printertest is the contract as tests.
//
// What a printer says is sorted so that the queue above knows what may follow. An error of
// fault.Unavailable means that nothing was printed, and that the same will work once its
// cause has gone (no paper, no network); fault.Unknown that it may have been printed;
// anything else that it was not, and will not be until somebody changes something (a wrong
// key). Keys and what stands on tickets are in no error and no log.
package printer

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ticket"
)

// Info describes a make. The console draws from it.
type Info struct {
	Name   string // in columns: "escpos"
	Label  channel.Text
	Guide  channel.Text    // how one is added, for people
	Cloud  bool            // its maker's server stands between; else it is on the shop's network
	Base   string          // the server's address; "" = it has one of its own, which somebody enters
	Fields []channel.Field // what its server has to be told
	Labels bool            // prints the labels of parcels as they come (Job.Data), and no tickets

	// Nature says what a second call with the same job would do; see package effect.
	Nature effect.Nature
}

// A Driver speaks to one make of printers.
type Driver interface {
	Info() *Info
	Open(c Config, env Env) (Printer, error)
}

// A Config is one printer as it was set up.
type Config struct {
	Address     string // of a network printer host:port; of a cloud its server, "" = Info.Base
	Credentials map[string]channel.Secret
	Columns     int  // at normal width
	Mute        bool // never answers when it is asked how it is: it is not asked
}

// An Env is what printers need of the outside.
type Env struct {
	Reads, Calls *http.Client // see channel.NewClients
	Wire         Wire         // to a network printer
	Now          func() time.Time
	Keep         func(name string, value channel.Secret) error // stores what a cloud has given: a token; nil = nowhere
}

// A Job is one ticket to print.
type Job struct {
	ID      string // the same for each try of it; at most 32 characters of a-z, 0-9, _ and -
	Rows    []ticket.Row
	Data    []byte    // of a label printer, instead of Rows: sent as it is
	Copies  int       // pieces of paper; 0 = 1
	Expires time.Time // of no use later; zero = it does not end
}

// Taken is what a printer says when it has taken a job.
type Taken struct {
	Printed bool   // else it was only taken: look whether it was printed
	Ref     string // the cloud's number of it
}

// A Trail is what is known of a job when it is looked for.
type Trail struct {
	Before json.RawMessage `json:"before,omitempty"` // of Printer.Before
	Ref    string          `json:"ref,omitempty"`    // of Taken
}

// A Sight is what a look came to.
type Sight string

// The sights.
const (
	Printed   Sight = "printed"
	Waiting   Sight = "waiting"   // the cloud has it, the printer not yet
	Absent    Sight = "absent"    // it did not arrive: it may be sent again
	Gone      Sight = "gone"      // it will not be printed any more
	Untold    Sight = "untold"    // nobody can say
	Repeating Sight = "repeating" // nobody can say, and the same job again does no harm
)

// A Printer is one that is set up. It may be used concurrently, though its jobs come one
// after the other.
type Printer interface {
	// Status asks how the printer is.
	Status(ctx context.Context) (Status, error)

	// Before gives what an additive make compares with when an answer is lost; nil for the
	// others.
	Before(ctx context.Context) (json.RawMessage, error)

	// Print sends a job, unless the printer says that it cannot print now: then it fails with
	// Status.Err. It writes nothing after the context's NotAfter (channel.WithNotAfter).
	Print(ctx context.Context, j Job) (Taken, error)

	// Look finds out what became of a job whose answer was lost or that was only taken.
	Look(ctx context.Context, j Job, t Trail) (Sight, error)
}

// A Binder is a printer that has to be added to its cloud's account once.
type Binder interface {
	Bind(ctx context.Context) error
}

// A State is how a printer is.
type State string

// The states.
const (
	Ready   State = "ready"
	Near    State = "near"    // prints, and its paper is near its end
	Paper   State = "paper"   // has none
	Cover   State = "cover"   // is open
	Offline State = "offline" // cannot be reached
	Trouble State = "trouble" // says that something is wrong, and not what
	Silent  State = "silent"  // can be reached and does not answer
)

// A Status is what a printer says of itself.
type Status struct {
	State State `json:"state"`
}

// reasons say what to do about each state in which nothing is printed.
var reasons = map[State]fault.Reason{
	Paper:   fault.Because("printer_paper", "the printer has no paper: put a roll in, what waits comes out by itself"),
	Cover:   fault.Because("printer_cover", "the printer's cover is open: close it"),
	Offline: fault.Because("printer_offline", "the printer cannot be reached: see whether it is on and on the network"),
	Trouble: fault.Because("printer_trouble", "the printer says that it cannot print: look at its paper, cover and lamp"),
	Silent:  fault.Because("printer_silent", "the printer does not say how it is: switch it off and on; if the model never does, choose that it is not asked"),
}

// Err is why a printer in this state prints nothing: fault.Unavailable; nil when it does.
func (s Status) Err(op string) error {
	if s.State == Ready || s.State == Near {
		return nil
	}
	return &fault.Error{Op: op, Code: fault.Unavailable, Why: reasons[s.State]}
}

// Lost is the error when a job may have been printed.
func Lost(op string, err error) error {
	return &fault.Error{Op: op, Code: fault.Unknown, Why: fault.Because("printer_lost", "the connection to the printer broke while it printed: look whether the ticket has come out"), Err: err}
}

// Refused is a cloud's refusal, with its code and words, which stays until somebody
// changes something.
func Refused(op string, code fault.Code, words string) error {
	return &fault.Error{Op: op, Code: code, Words: words}
}
