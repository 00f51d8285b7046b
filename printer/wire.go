package printer

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
)

// A Wire carries bytes to a network printer: over this machine's network, or through a
// bridge in the shop.
type Wire interface {
	Carry(ctx context.Context, t Task) (Report, error)
}

// A Task is one connection to a network printer. Questions are asked first, and of each the
// answer's one byte is read; Data is sent if Good allows it.
type Task struct {
	Address   string   `json:"address"` // host:port
	Questions [][]byte `json:"questions,omitempty"`
	Good      [][2]int `json:"good,omitempty"` // of each answer: these bits must be these, else nothing is sent
	Data      []byte   `json:"data,omitempty"`
	Copies    int      `json:"copies,omitempty"` // Data is sent so often; 0 = once
}

// A Report is what became of a task. Without an error all of Data was taken, unless an
// answer kept it back.
type Report struct {
	Answers []byte `json:"answers,omitempty"` // as far as they came
	After   []byte `json:"after,omitempty"`   // the answers when all was sent
	Sent    bool   `json:"sent"`              // Data was sent
	Silent  bool   `json:"silent"`            // a question was not answered
}

// Times of a connection.
const (
	dialTime   = 3 * time.Second
	answerTime = 1500 * time.Millisecond
	closeTime  = 2 * time.Second // a printer that does not close by then has taken all the same
	writeTime  = 12 * time.Second
)

// Network is the wire over this machine's network. Dial says where it may lead.
type Network struct {
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Carry makes one connection. It fails with fault.Unavailable when nothing of Data can have
// reached the printer, with fault.Forbidden when the address may not be called, and with
// fault.Unknown when something may have.
func (n Network) Carry(ctx context.Context, t Task) (r Report, err error) {
	const op = "printer.Carry"
	dialed, cancel := context.WithTimeout(ctx, dialTime)
	c, err := n.Dial(dialed, "tcp", t.Address)
	cancel()
	switch {
	case errors.Is(err, channel.ErrPrivate):
		return r, fault.Say(op, fault.Forbidden, "printer_private", "the printer is on a private network, which is not called: let the operator allow it (--allow-private)")
	case err != nil:
		return r, Status{Offline}.Err(op)
	}
	defer c.Close()
	if limit, ok := ctx.Deadline(); ok {
		c.SetDeadline(limit)
	}
	ask := func() ([]byte, error) {
		var out []byte
		for _, q := range t.Questions {
			if err := channel.MayWrite(ctx); err != nil {
				return out, err
			}
			if _, err := c.Write(q); err != nil {
				return out, err
			}
			c.SetReadDeadline(time.Now().Add(answerTime))
			var b [1]byte
			if _, err := io.ReadFull(c, b[:]); err != nil {
				return out, err
			}
			out = append(out, b[0])
		}
		return out, nil
	}
	var wait net.Error
	if r.Answers, err = ask(); err != nil {
		if r.Silent = errors.As(err, &wait) && wait.Timeout(); r.Silent {
			return r, nil
		}
		return r, Status{Offline}.Err(op)
	}
	for i, b := range r.Answers {
		if i < len(t.Good) && int(b)&t.Good[i][0] != t.Good[i][1] {
			return r, nil
		}
	}
	if len(t.Data) == 0 {
		return r, nil
	}
	if err := channel.MayWrite(ctx); err != nil {
		return r, &fault.Error{Op: op, Code: fault.Unavailable, Err: err}
	}
	c.SetWriteDeadline(time.Now().Add(writeTime))
	for range max(t.Copies, 1) {
		if k, err := c.Write(t.Data); err != nil {
			if k == 0 && !r.Sent {
				return r, Status{Offline}.Err(op)
			}
			return r, Lost(op, nil)
		}
		r.Sent = true
	}
	if r.After, err = ask(); err != nil && (!errors.As(err, &wait) || !wait.Timeout()) {
		return r, Lost(op, nil)
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		if half.CloseWrite() != nil {
			return r, Lost(op, nil)
		}
		c.SetReadDeadline(time.Now().Add(closeTime))
		var b [16]byte
		for {
			_, err := c.Read(b[:])
			switch {
			case err == nil:
				continue
			case errors.Is(err, io.EOF), errors.As(err, &wait) && wait.Timeout():
				return r, nil
			}
			return r, Lost(op, nil)
		}
	}
	return r, nil
}
