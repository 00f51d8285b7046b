package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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
