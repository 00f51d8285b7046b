// Package printers simulates ticket printers: one that listens on TCP port 9100 and reads
// ESC/POS, and the two cloud printers of Feie (飞鹅) and Yilianyun (易联云). Each turns what
// it is sent into a slip of paper, as a grid of characters, and reads its QR and bar codes
// back; what a real printer would garble or silently leave out is an error of the slip.
// They run out of paper, go offline, are slow, drop connections and lose answers. A cloud
// keeps the jobs of a printer that is offline and prints them all when it returns.
//
// It is written from the makers' public documents and shares no code with the drivers.
package printers

import (
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// The makes.
const (
	ESCPOS    = "escpos"
	Feie      = "feie"
	Yilianyun = "yilianyun"
)

// Makes are all of them.
var Makes = []string{ESCPOS, Feie, Yilianyun}

// A Printer is one that stands in a shop, as it is set up.
type Printer struct {
	Name    string // for the page, and for Device
	Make    string
	Columns int    // at normal width; 0 = 32, which is 58 mm
	Serial  string // the cloud's: sn of Feie, machine_code of Yilianyun
	Key     string // the cloud's: on the label below the printer (KEY, msign)
	Mute    bool   // ESC/POS: a model that never answers its status
}

// An Account is one at a cloud: user and UKEY of Feie, client_id and client_secret of an
// application of one's own of Yilianyun.
type Account struct {
	Make   string
	ID     string
	Secret string
}

// Options of a Sim.
type Options struct {
	Printers []Printer
	Accounts []Account
	Clock    *sim.Clock // nil = the real one
	Seed     uint64

	// Bound printers belong to their accounts from the start; else they have to be added by
	// a call first, as new ones.
	Bound bool
}

// Most slips that one printer keeps.
const most = 20_000

// Sim is the printers and the clouds. Safe for concurrent use.
type Sim struct {
	clock  *sim.Clock
	faults *sim.Faults
	calls  *sim.Calls

	mu       sync.Mutex
	accounts []Account
	devices  []*Device
	seq      int64

	connections atomic.Int64  // to label printers
	changed     chan struct{} // closed and replaced at each slip
	yly         yilianyun
}

// New makes the printers. Those of ESC/POS listen once Listen has been called.
func New(o Options) *Sim {
	s := &Sim{clock: o.Clock, faults: sim.NewFaults(o.Seed), calls: sim.NewCalls(0), accounts: slices.Clone(o.Accounts), changed: make(chan struct{})}
	if s.clock == nil {
		s.clock = sim.NewClock(time.Time{}, 1)
	}
	s.yly = yilianyun{tokens: map[string]string{}, done: map[string]firstJob{}}
	for _, p := range o.Printers {
		if p.Columns == 0 {
			p.Columns = 32
		}
		d := &Device{sim: s, Printer: p, online: true, paper: true}
		if o.Bound {
			for _, a := range s.accounts {
				if a.Make == p.Make {
					d.owner = a.ID
				}
			}
		}
		s.devices = append(s.devices, d)
	}
	return s
}

// Name is "printers".
func (s *Sim) Name() string { return "printers" }

// Close ends the listeners.
func (s *Sim) Close() error {
	for _, d := range s.devices {
		d.hangUp()
	}
	return nil
}

// Faults are those of the clouds' calls, named by Makes and the call, such as
// "feie/Open_printMsg".
func (s *Sim) Faults() *sim.Faults { return s.faults }

// Calls are what the clouds received, of whatever outcome.
func (s *Sim) Calls() *sim.Calls { return s.calls }

// API is both clouds behind one address, told apart by their paths.
func (s *Sim) API() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /Api/Open/", s.feie)
	mux.HandleFunc("POST /oauth/oauth", s.yilianyun(s.ylyToken))
	mux.HandleFunc("POST /printer/addprinter", s.yilianyun(s.ylyAdd))
	mux.HandleFunc("POST /printer/getprintstatus", s.yilianyun(s.ylyStatus))
	mux.HandleFunc("POST /printer/cancelall", s.yilianyun(s.ylyCancelAll))
	mux.HandleFunc("POST /print/index", s.yilianyun(s.ylyPrint))
	gate := &sim.Gate{Clock: s.clock, Faults: s.faults, Calls: s.calls, Kind: kindOf}
	return gate.Wrap(http.MaxBytesHandler(mux, 1<<20))
}

func kindOf(r *http.Request) string {
	if r.URL.Path == "/Api/Open/" {
		if r.ParseForm() != nil {
			return Feie
		}
		return Feie + "/" + r.PostForm.Get("apiname")
	}
	return Yilianyun + r.URL.Path
}

// Device finds a printer by its name; nil when there is none.
func (s *Sim) Device(name string) *Device {
	i := slices.IndexFunc(s.devices, func(d *Device) bool { return d.Printer.Name == name })
	if i < 0 {
		return nil
	}
	return s.devices[i]
}

// Devices are all printers.
func (s *Sim) Devices() []*Device { return slices.Clone(s.devices) }

func (s *Sim) serial(mk, sn string) *Device {
	i := slices.IndexFunc(s.devices, func(d *Device) bool { return d.Printer.Make == mk && d.Serial == sn && sn != "" })
	if i < 0 {
		return nil
	}
	return s.devices[i]
}

func (s *Sim) account(mk, id string) (Account, bool) {
	i := slices.IndexFunc(s.accounts, func(a Account) bool { return a.Make == mk && a.ID == id })
	if i < 0 || id == "" {
		return Account{}, false
	}
	return s.accounts[i], true
}

// Changed is closed at the next slip.
func (s *Sim) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// number draws the next number of a slip and tells who waits.
func (s *Sim) number() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	close(s.changed)
	s.changed = make(chan struct{})
	return s.seq
}
