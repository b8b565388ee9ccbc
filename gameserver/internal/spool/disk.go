package spool

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const fileName = "outcomes.spool"

// file is the open spool file.
type file interface {
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// disk is the directory with the spool file.
type disk interface {
	read() ([]byte, error) // of the file; none: nothing
	// replace puts a durable file with the content b in its place. It gives a file if that has happened, even with an error:
	// then it may not be durable.
	replace(b []byte) (file, error)
	close() error // lets another process have the directory
}

// directory is a disk. It holds a lock, so that a second process with the same -data does not start.
type directory struct{ dir *os.File }

func openDisk(path string) (*directory, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := lock(dir); err != nil {
		_ = dir.Close()
		return nil, err
	}
	return &directory{dir}, nil
}

func (d *directory) path() string { return filepath.Join(d.dir.Name(), fileName) }

func (d *directory) read() ([]byte, error) {
	b, err := os.ReadFile(d.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

func (d *directory) replace(b []byte) (file, error) {
	temporary := d.path() + ".new"
	f, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(temporary, d.path())
	}
	if err != nil {
		_ = f.Close()
		_ = os.Remove(temporary)
		return nil, err
	}
	return dataFile{f}, syncDirectory(d.dir)
}

func (d *directory) close() error { return d.dir.Close() }
