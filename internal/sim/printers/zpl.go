package printers

import (
	"bytes"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ZPL is a label printer on the network. It takes all that it is sent into its memory and
// prints what is whole there, a label at each ^XZ; without paper it keeps the labels until
// there is some.
const ZPL = "zpl"

// serveZPL reads one connection: any number of labels.
func (d *Device) serveZPL(c net.Conn) {
	drop := d.takeDrop()
	if drop == DropBefore {
		reset(c)
		return
	}
	d.mu.Lock()
	pause := d.pause
	d.mu.Unlock()
	if pause > 0 {
		time.Sleep(pause)
	}
	c.SetDeadline(time.Now().Add(2 * time.Minute))
	var in io.Reader = c
	if drop == DropMiddle {
		in = io.LimitReader(c, 60)
	}
	all, _ := io.ReadAll(io.LimitReader(in, 16<<20))
	slips := labels(all)
	job := "connection " + strconv.FormatInt(d.sim.connections.Add(1), 10)
	for i := range slips {
		slips[i].Job = job
	}
	if drop == DropMiddle {
		slips = nil // the first label was not whole
	}
	for _, s := range slips {
		d.mu.Lock()
		can := d.online && d.paper && !d.cover
		if !can {
			d.held = append(d.held, s)
		}
		d.mu.Unlock()
		if can {
			d.feed(s)
		}
	}
	if drop != "" {
		reset(c)
		return
	}
	c.Close()
}

// letOut prints the labels that wait in memory.
func (d *Device) letOut() {
	d.mu.Lock()
	var out []Slip
	if d.online && d.paper && !d.cover {
		out, d.held = d.held, nil
	}
	d.mu.Unlock()
	for _, s := range out {
		d.feed(s)
	}
}

var (
	zplText = regexp.MustCompile(`(?s)\^FD(.*?)\^FS`)
	zplCode = regexp.MustCompile(`(?s)\^B[CQ][^^]*\^FD(.*?)\^FS`)
)

// labels reads what bytes would print: a slip a label, its fields as lines.
func labels(all []byte) (out []Slip) {
	for len(all) > 0 {
		i := bytes.Index(all, []byte("^XZ"))
		if i < 0 {
			if rest := strings.TrimSpace(string(all)); rest != "" {
				out = append(out, Slip{Wrong: []string{"what comes after the last ^XZ is no label"}})
			}
			return out
		}
		part := string(all[:i])
		all = all[i+3:]
		s := Slip{Cut: true}
		if !strings.HasPrefix(strings.TrimSpace(part), "^XA") {
			s.Wrong = append(s.Wrong, "a label begins with ^XA")
		}
		for _, f := range zplText.FindAllStringSubmatch(part, -1) {
			s.Lines = append(s.Lines, Line{Text: f[1], Width: 1, Height: 1, Align: "left"})
		}
		for _, f := range zplCode.FindAllStringSubmatch(part, -1) {
			s.Codes = append(s.Codes, f[1])
		}
		if len(s.Lines) > 0 || len(s.Wrong) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// plug opens the port of a printer that was away at its old address, or closes it.
func (d *Device) plug(on bool) {
	d.mu.Lock()
	l, addr, was := d.listener, "", d.online
	if l != nil {
		addr = l.Addr().String()
	}
	d.mu.Unlock()
	switch {
	case l == nil || on == was:
	case on:
		d.Listen(addr)
	default:
		l.Close()
	}
}
