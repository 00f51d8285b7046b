package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/backup"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
)

// backup makes a backup, beside a hub that runs or without one.
func (c command) backup(ctx context.Context, args []string) error {
	f := c.flags("backup")
	data := f.String("data", c.or("TONGDAN_DATA", "./data"), "folder of the data and of the key file (TONGDAN_DATA)")
	to := f.String("to", c.env("TONGDAN_BACKUPS"), "folder in which each backup gets a folder of its own (TONGDAN_BACKUPS)")
	keep := f.Int("keep", 0, "delete older backups of this installation until so many are left; 0 deletes none")
	if err := parse(f, args); err != nil {
		return err
	}
	if *to == "" {
		return errors.New("--to: give the folder for the backups, better on another disk")
	}
	if *keep < 0 {
		return fmt.Errorf("--keep is %d: use a number of backups", *keep)
	}
	key, err := c.oldKey(*data)
	if err != nil {
		return err
	}
	began := time.Now()
	b, removed, err := backup.Take(ctx, backup.Options{
		From: c.place(*data), To: *to, Key: key, Keep: *keep, Program: version(), Now: time.Now,
	})
	if b.Files != nil {
		fmt.Fprintf(c.out, "Backup   %s\n", b.Path)
		fmt.Fprintf(c.out, "         %s, %d orders, %s, in %.1f s\n", b.Engine, b.Counts["orders"], b.SizeText(), time.Since(began).Seconds())
		fmt.Fprintf(c.out, "Key      not in it. It is %s, and named %s: keep a copy apart from the backups. Without it the backup cannot be read.\n", c.whereKey(*data), b.KeyID)
	}
	for _, p := range removed {
		fmt.Fprintf(c.out, "Deleted  %s\n", p)
	}
	return err
}

// place is where this installation's database lies.
func (c command) place(dir string) backup.Place {
	if url := c.env("DATABASE_URL"); url != "" {
		return backup.Place{URL: url}
	}
	return backup.Place{Dir: dir}
}

// restore brings a backup into an empty place.
func (c command) restore(ctx context.Context, args []string) error {
	f := c.flags("restore")
	data := f.String("data", c.or("TONGDAN_DATA", "./data"), "empty folder to restore into; with DATABASE_URL an empty database, and the folder is that of the key file (TONGDAN_DATA)")
	from := f.String("from", "", "folder of the backup, or of many: then the newest")
	keyOf := f.String("key-file", "", "file with the master key of the backup; it is copied into the data folder (default: the one that is there, or TONGDAN_KEY)")
	if err := parse(f, args); err != nil {
		return err
	}
	if *from == "" {
		return errors.New("--from: give the folder of the backup")
	}
	b, err := backup.Read(*from)
	if err != nil {
		list, lerr := backup.List(*from)
		if lerr != nil || len(list) == 0 {
			return err
		}
		b = list[0]
	}
	var key [32]byte
	if *keyOf != "" {
		key, err = readKey(*keyOf)
	} else {
		key, err = c.oldKey(*data)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the master key %s is needed: put it into %s, or give --key-file or TONGDAN_KEY", b.KeyID, filepath.Join(*data, keyFile))
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*data, 0o700); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	if *keyOf != "" {
		file := filepath.Join(*data, keyFile)
		switch old, err := readKey(file); {
		case errors.Is(err, fs.ErrNotExist):
			if err := writeKey(file, key); err != nil {
				return err
			}
		case err != nil:
			return err
		case old != key:
			return fmt.Errorf("%s is another key: restore into an empty folder", file)
		}
	}
	to := c.place(*data)
	if err := backup.Restore(ctx, b, to, key, c.log); err != nil {
		return err
	}
	where := to.Dir
	if to.URL != "" {
		where = "the database of DATABASE_URL"
	}
	fmt.Fprintf(c.out, "Restored %s into %s: %d orders, as of %s.\n", b.Path, where, b.Counts["orders"], b.MadeAt.Local().Format("2006-01-02 15:04:05 MST"))
	fmt.Fprintf(c.out, "It is disarmed: it takes pushes and shows everything, and calls no platform until it is armed (tongdan arm, or in the console).\n")
	if n := b.Counts["api_keys"]; n > 0 {
		fmt.Fprintf(c.out, "Everybody has to sign in again. %d API keys are as they were then: delete those that were deleted since.\n", n)
	}
	return nil
}

// sure is what a person types, or gives, to arm.
const sure = "the original is off"

// arm lets a restored or copied database call platforms.
func (c command) arm(ctx context.Context, args []string) error {
	f := c.flags("arm")
	data := f.String("data", c.or("TONGDAN_DATA", "./data"), "folder of the data and of the key file (TONGDAN_DATA)")
	yes := f.Bool("the-original-is-off", false, "do not ask: the original is surely off")
	if err := parse(f, args); err != nil {
		return err
	}
	key, err := c.oldKey(*data)
	if err != nil {
		return err
	}
	p := c.place(*data)
	d, err := c.openWith(ctx, *data, db.Options{URL: p.URL, Dir: p.Dir, Key: key, Log: c.log})
	if err != nil {
		return err
	}
	defer d.Close()
	armed, err := d.Armed(ctx)
	if err != nil {
		return err
	}
	if armed {
		fmt.Fprintln(c.out, "It is armed already: nothing was changed.")
		return nil
	}
	if !*yes {
		fmt.Fprintf(c.out, `This database is a copy or was restored. Once armed it calls the platforms: it accepts, refuses and refunds orders and renews authorisations.
If the original runs too, both act on the same orders. Acts that were open are looked for at the platforms before they are made.
Is the original surely off, and does nobody start it again? Then type: %s
> `, sure)
		line, err := bufio.NewReader(io.LimitReader(c.in, 1000)).ReadString('\n')
		if err != nil && err != io.EOF {
			return err
		}
		if strings.TrimSpace(line) != sure {
			return errors.New("not armed: the answer was another")
		}
	}
	h := hub.New(hub.Options{DB: d, Platforms: platform.All(), Clock: hub.Real, Log: c.log})
	got, err := h.Arm(ctx, "tongdan arm")
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "Armed. %d acts that were open are looked for before they are made; %d need a person, under Unclear in the console.\n", got.Looked, got.Asked)
	return nil
}
