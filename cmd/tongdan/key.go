package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
)

const keyFile = "key" // of the master key, in the data folder

// key gives the master key: of TONGDAN_KEY, else of the file, which the first start makes.
func (c command) key(dir string) (key [32]byte, err error) {
	key, err = c.oldKey(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if old, _ := filepath.Glob(filepath.Join(dir, "*.db")); len(old) > 0 {
		return key, fmt.Errorf("there is data in %s, but its master key is missing: put the file key back, or set TONGDAN_KEY", dir)
	}
	file := filepath.Join(dir, keyFile)
	rand.Read(key[:])
	if err := writeKey(file, key); err != nil {
		return key, err
	}
	fmt.Fprintf(c.out, "A master key was made: %s. Keep a copy elsewhere; a backup of the data cannot be read without it.\n", file)
	return key, nil
}

// oldKey gives the master key that there is, and never makes one: fs.ErrNotExist.
func (c command) oldKey(dir string) (key [32]byte, err error) {
	if text := c.env("TONGDAN_KEY"); text != "" {
		return parseKey(text, "TONGDAN_KEY")
	}
	return readKey(filepath.Join(dir, keyFile))
}

const nextKeyFile = "key.next" // of a key that is taking the place of the old one

// openWith opens a database with the key of its folder. When a rotation of the key ended
// between the database and the file, the new key is found beside the old one, and takes
// its place now.
func (c command) openWith(ctx context.Context, dir string, o db.Options) (*db.DB, error) {
	d, err := db.Open(ctx, o)
	next := filepath.Join(dir, nextKeyFile)
	if !fault.Is(err, fault.Unauthorized) || c.env("TONGDAN_KEY") != "" {
		return d, err
	}
	key, kerr := readKey(next)
	if kerr != nil {
		return nil, err
	}
	old := o.Key
	o.Key = key
	if d, kerr = db.Open(ctx, o); kerr != nil {
		return nil, err
	}
	if err := putKey(dir, old); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	c.log.Warn("a rotation of the master key was ended that had been broken off: the new key is in place")
	return d, nil
}

// putKey puts the next key into its place and keeps the old one under its name, since the
// backups made with it need it.
func putKey(dir string, old [32]byte) error {
	file := filepath.Join(dir, keyFile)
	kept := filepath.Join(dir, keyFile+"."+db.KeyID(old))
	if err := os.Link(file, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the old master key could not be kept: %w", err)
	}
	if err := os.Rename(filepath.Join(dir, nextKeyFile), file); err != nil {
		return fmt.Errorf("the new master key could not be put into its place: %w", err)
	}
	return syncDir(dir)
}

// rotateKey makes a new master key and seals everything with it.
func (c command) rotateKey(ctx context.Context, args []string) error {
	f := c.flags("rotate-key")
	data := f.String("data", c.or("TONGDAN_DATA", "./data"), "folder of the data and of the key file (TONGDAN_DATA)")
	to := f.String("to", "", "with TONGDAN_KEY: file for the new key, which is then to be set there")
	if err := parse(f, args); err != nil {
		return err
	}
	old, err := c.oldKey(*data)
	if err != nil {
		return err
	}
	inEnv := c.env("TONGDAN_KEY") != ""
	switch {
	case inEnv && *to == "":
		return errors.New("--to: give a file for the new key, since the old one is in TONGDAN_KEY")
	case !inEnv && *to != "":
		return errors.New("--to is only for a key that is in TONGDAN_KEY")
	}
	next := *to
	if !inEnv {
		next = filepath.Join(*data, nextKeyFile)
	}
	p := c.place(*data)
	d, err := c.openWith(ctx, *data, db.Options{URL: p.URL, Dir: p.Dir, Key: old, Log: c.log})
	if err != nil {
		return err
	}
	defer d.Close()
	if !inEnv {
		if old, err = c.oldKey(*data); err != nil { // openWith may have ended an earlier rotation
			return err
		}
		if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) { // it fits nothing: the old one has opened the database
			return fmt.Errorf("the master key: %w", err)
		}
	}
	var key [32]byte
	rand.Read(key[:])
	if err := writeKey(next, key); err != nil {
		return err
	}
	n, err := d.RotateKey(ctx, key)
	if err != nil {
		return errors.Join(err, os.Remove(next))
	}
	if inEnv {
		fmt.Fprintf(c.out, "%d values were sealed with a new master key, which is in %s: set TONGDAN_KEY to it, on every node, and delete the file.\n", n, next)
	} else {
		if err := putKey(*data, old); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%d values were sealed with a new master key, which is in %s. The old one is kept as %s.%s: backups made until now need it.\n", n, filepath.Join(*data, keyFile), keyFile, db.KeyID(old))
	}
	fmt.Fprintln(c.out, "Make a backup now, and put a copy of the new key where the copy of the old one is.")
	return nil
}

// whereKey says where the master key comes from, for people.
func (c command) whereKey(dir string) string {
	if c.env("TONGDAN_KEY") != "" {
		return "in TONGDAN_KEY"
	}
	return "in " + filepath.Join(dir, keyFile)
}

func readKey(file string) (key [32]byte, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return key, fmt.Errorf("the master key: %w", err)
	}
	return parseKey(string(b), file)
}

func parseKey(text, where string) (key [32]byte, err error) {
	b, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(b) != len(key) {
		return key, fmt.Errorf("%s must hold 64 hexadecimal digits", where)
	}
	copy(key[:], b)
	return key, nil
}

// writeKey makes a key file, durable before it returns; it never overwrites one.
func writeKey(file string, key [32]byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("the master key: %w", err)
	}
	_, err = f.WriteString(hex.EncodeToString(key[:]) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(file))); err != nil {
		return fmt.Errorf("the master key: %w", err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
