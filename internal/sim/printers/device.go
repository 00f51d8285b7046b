package printers

import (
	"cmp"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Device is one printer as it stands there. Safe for concurrent use.
type Device struct {
	Printer
	sim *Sim

	mu       sync.Mutex
	owner    string // of a cloud's: the account that it was added to
	online   bool
	paper    bool
	cover    bool          // open
	pause    time.Duration // before it takes a job
	slips    []Slip
	jobs     []*job // of a cloud's, all that it was given
	held     []Slip // of a label printer, in its memory
	drops    []drop
	listener net.Listener
	conns    map[net.Conn]bool
}

// A Slip is one piece of paper, from a job's begin to its cut.
type Slip struct {
	Seq     int64     `json:"seq"`
	At      time.Time `json:"at"`
	Printer string    `json:"printer"`
	Job     string    `json:"job,omitempty"` // the cloud's id, or a label printer's connection
	Columns int       `json:"columns"`
	Lines   []Line    `json:"lines"`
	Codes   []string  `json:"codes"` // what its QR and bar codes say
	Cut     bool      `json:"cut"`
	Wrong   []string  `json:"wrong,omitempty"` // what a real printer would garble, break or leave out
}

// A Line is one line as it is on the paper.
type Line struct {
	Text    string `json:"text"`
	Width   int    `json:"width"`  // of its characters, 1 = normal
	Height  int    `json:"height"` //
	Align   string `json:"align"`  // left, center, right
	Bold    bool   `json:"bold,omitempty"`
	Reverse bool   `json:"reverse,omitempty"`
	Code    string `json:"code,omitempty"` // a QR or bar code stands here
}

// Text is the slip as one reads it: its lines, without the blanks at their ends.
func (s Slip) Text() string {
	var b strings.Builder
	for _, l := range s.Lines {
		switch {
		case l.Code != "":
			b.WriteString("[" + l.Code + "]")
		default:
			b.WriteString(strings.TrimRight(l.Text, " "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// A drop is what happens to the next connection of an ESC/POS printer.
type drop struct {
	when string // before, middle, after
}

// When a connection is dropped: before a byte is read, after some were printed, or when all
// is printed and the sender waits for the end.
const (
	DropBefore = "before"
	DropMiddle = "middle"
	DropAfter  = "after"
)

// Paper puts paper in, or takes it out. What waits is printed at once.
func (d *Device) Paper(in bool) { d.set(func() { d.paper = in }) }

// Cover closes the cover, or opens it.
func (d *Device) Cover(open bool) { d.set(func() { d.cover = open }) }

// Online plugs the printer in, or pulls its plug: on the network it is not there then, and
// its cloud keeps what it gets.
func (d *Device) Online(on bool) {
	if d.Make == ZPL { // it is not asked before it is sent something: nobody may take its bytes
		d.plug(on)
	}
	d.set(func() {
		d.online = on
		if !on {
			for c := range d.conns {
				c.Close()
			}
		}
	})
}

// Slow makes it wait so long before it takes a job.
func (d *Device) Slow(by time.Duration) { d.set(func() { d.pause = by }) }

// DropNext drops the next n connections of an ESC/POS printer: DropBefore, DropMiddle,
// DropAfter.
func (d *Device) DropNext(when string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for range n {
		d.drops = append(d.drops, drop{when})
	}
}

func (d *Device) set(f func()) {
	d.mu.Lock()
	f()
	d.mu.Unlock()
	d.flush()
	d.letOut()
}

func (d *Device) takeDrop() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.drops) == 0 {
		return ""
	}
	when := d.drops[0].when
	d.drops = d.drops[1:]
	return when
}

// State tells how the printer is.
func (d *Device) State() (online, paper, cover bool, waiting int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range d.jobs {
		if j.state == jobWaiting {
			waiting++
		}
	}
	return d.online, d.paper, d.cover, waiting
}

// Slips lists what came out after a sequence number, oldest first.
func (d *Device) Slips(after int64) []Slip {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []Slip{}
	for _, s := range d.slips {
		if s.Seq > after {
			out = append(out, s)
		}
	}
	return out
}

// feed puts a slip out.
func (d *Device) feed(s Slip) {
	s.Seq, s.At, s.Printer, s.Columns = d.sim.number(), d.sim.clock.Now(), d.Printer.Name, d.Columns
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.slips) >= most {
		d.slips = slices.Delete(d.slips, 0, most/10)
	}
	d.slips = append(d.slips, s)
}

// A job is what a cloud was given for a printer.
type job struct {
	id      string
	origin  string // the caller's own id
	slips   []Slip
	at      time.Time
	expires time.Time // zero = a day
	state   string
}

const (
	jobWaiting = "waiting"
	jobPrinted = "printed"
	jobExpired = "expired"
	jobDropped = "dropped"
)

// put gives a cloud's job to its printer.
func (d *Device) put(j *job) {
	d.mu.Lock()
	j.state = jobWaiting
	d.jobs = append(d.jobs, j)
	pause := d.pause
	d.mu.Unlock()
	if pause > 0 {
		time.AfterFunc(pause, d.flush)
		return
	}
	d.flush()
}

// flush prints all jobs that wait, oldest first, if the printer can.
func (d *Device) flush() {
	d.mu.Lock()
	now := d.sim.clock.Now()
	var out []Slip
	for _, j := range d.jobs {
		switch {
		case j.state != jobWaiting:
		case !j.expires.IsZero() && !now.Before(j.expires), now.Sub(j.at) > 24*time.Hour:
			j.state = jobExpired
		case d.online && d.paper && !d.cover:
			j.state = jobPrinted
			for _, s := range j.slips {
				s.Job = j.id
				out = append(out, s)
			}
		}
	}
	d.mu.Unlock()
	for _, s := range out {
		d.feed(s)
	}
}

func (d *Device) job(id string) *job {
	i := slices.IndexFunc(d.jobs, func(j *job) bool { return j.id == id })
	if i < 0 {
		return nil
	}
	return d.jobs[i]
}

// Listen opens a network printer's port; addr "" is a free one of this machine. It gives
// the address.
func (d *Device) Listen(addr string) (string, error) {
	if d.Make != ESCPOS && d.Make != ZPL {
		return "", errors.New("only a network printer listens")
	}
	l, err := net.Listen("tcp", cmp.Or(addr, "127.0.0.1:0"))
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	d.listener, d.conns = l, map[net.Conn]bool{}
	d.mu.Unlock()
	go func() {
		turn := make(chan struct{}, 1) // one connection at a time: the others wait in line
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			d.mu.Lock()
			on := d.online
			if on {
				d.conns[c] = true
			}
			d.mu.Unlock()
			if !on { // an unplugged printer takes no connection
				reset(c)
				continue
			}
			go func() {
				turn <- struct{}{}
				if d.Make == ZPL {
					d.serveZPL(c)
				} else {
					d.serve(c)
				}
				<-turn
				d.mu.Lock()
				delete(d.conns, c)
				d.mu.Unlock()
			}()
		}
	}()
	return l.Addr().String(), nil
}

// Addr is where a network printer listens; "" before Listen.
func (d *Device) Addr() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listener == nil {
		return ""
	}
	return d.listener.Addr().String()
}

func (d *Device) hangUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listener != nil {
		d.listener.Close()
	}
	for c := range d.conns {
		c.Close()
	}
}

// reset closes a connection so that the other side hears that it broke.
func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	c.Close()
}

func hex2(b ...byte) string {
	var s []string
	for _, x := range b {
		s = append(s, strings.ToUpper(strconv.FormatUint(uint64(x)+0x100, 16)[1:]))
	}
	return strings.Join(s, " ")
}
