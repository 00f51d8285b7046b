package lite

import (
	"context"
	"errors"
	"sync"
)

// A Pool is a few connections that read, opened when they are needed first. Whoever was
// the last to give one back has it next: what it has read lies in its cache.
type Pool struct {
	open  func() (*Conn, error)
	turns chan struct{}
	mu    sync.Mutex
	free  []*Conn
	shut  bool
}

// NewPool makes one of at most n connections.
func NewPool(n int, open func() (*Conn, error)) *Pool {
	return &Pool{open: open, turns: make(chan struct{}, n)}
}

// Do gives f a connection, once one is free; what f runs on it ends with ctx. A transaction
// that f leaves open is rolled back: whoever has the connection next would read what was
// there when it began.
func (p *Pool) Do(ctx context.Context, f func(*Conn) error) error {
	select {
	case p.turns <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.turns }()
	c, err := p.take()
	if err != nil {
		return err
	}
	defer p.back(c)
	stop := c.Until(ctx)
	defer stop()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := f(c); err != nil {
		if ended := ctx.Err(); ended != nil {
			return ended
		}
		return err
	}
	return nil
}

func (p *Pool) take() (*Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut {
		return nil, errors.New("the database is closed")
	}
	if n := len(p.free); n > 0 {
		c := p.free[n-1]
		p.free = p.free[:n-1]
		return c, nil
	}
	return p.open()
}

func (p *Pool) back(c *Conn) {
	err := c.rest()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut || err != nil {
		c.Close()
		return
	}
	p.free = append(p.free, c)
}

// Close ends the connections; those in use end when they are given back.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = true
	var errs []error
	for _, c := range p.free {
		errs = append(errs, c.Close())
	}
	p.free = nil
	return errors.Join(errs...)
}
