// Package pages serves the pages for browsers and what they load: those that are built in, compressed in memory, and a game's own.
package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ringside-go/ringside/router/internal/api"
)

// The files that are pages; what they load is in assetFolder.
const (
	Index       = "index.html"
	Fleet       = "fleet.html"
	Matches     = "matches.html"
	Leaderboard = "leaderboard.html"
	Inspect     = "inspect.html"
	assetFolder = "assets/"
)

// pagePolicy is the pages' Content-Security-Policy: scripts and styles of this router only, nothing inline, and no frames.
// Sockets may go anywhere, since game servers come and go under addresses of their own.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// fileTypes are what the router serves; the operating system's table would differ from machine to machine.
var fileTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json", ".txt": "text/plain; charset=utf-8",
}

// Pages holds the built-in files in memory, compressed where that helps, and a game's own, which are read
// again when they have changed and come first.
type Pages struct {
	files map[string]pageFile // built in
	own   fs.FS               // nil: none

	mu   sync.Mutex
	kept map[string]pageFile // of own, as they were read last; no more than own has
}

type pageFile struct {
	kind          string // Content-Type
	tag           string // ETag, of the content
	plain, zipped []byte // zipped is nil where it would not be smaller
	modified      time.Time
}

// New reads all of files, which may be nil, as may own.
func New(files, own fs.FS) (*Pages, error) {
	p := &Pages{files: map[string]pageFile{}, own: own, kept: map[string]pageFile{}}
	if own != nil {
		if _, err := fs.Stat(own, Index); err != nil {
			return nil, fmt.Errorf("the game's own pages need an %s: %w", Index, err)
		}
	}
	if files == nil {
		return p, nil
	}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		p.files[name], err = readPage(files, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, name := range []string{Index, Fleet, Matches, Leaderboard, Inspect} {
		if !p.Has(name) {
			return nil, fmt.Errorf("%s is missing", name)
		}
	}
	return p, nil
}

// readPage reads one file.
func readPage(files fs.FS, name string) (f pageFile, err error) {
	f.kind = fileTypes[path.Ext(name)]
	if f.kind == "" {
		return f, fmt.Errorf("the type of %s is not known; these are: %v", name, slices.Sorted(maps.Keys(fileTypes)))
	}
	if f.plain, err = fs.ReadFile(files, name); err != nil {
		return f, err
	}
	sum := sha256.Sum256(f.plain)
	// Weak, because it stands for the plain and for the compressed bytes.
	f.tag = `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	f.zipped = zip(f.plain)
	return f, nil
}

// find gives a file. The error is why one of the game's own pages cannot be read.
func (p *Pages) find(name string) (f pageFile, ok bool, err error) {
	if p.own == nil {
		f, ok = p.files[name]
		return f, ok, nil
	}
	info, err := fs.Stat(p.own, name)
	if err != nil || info.IsDir() {
		f, ok = p.files[name]
		return f, ok, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	f, ok = p.kept[name]
	if ok && f.modified.Equal(info.ModTime()) && int64(len(f.plain)) == info.Size() {
		return f, true, nil
	}
	if f, err = readPage(p.own, name); err != nil {
		return f, false, err
	}
	f.modified = info.ModTime()
	p.kept[name] = f
	return f, true, nil
}

// zip compresses b, or gives nil if that is of no use.
func zip(b []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is a valid one
	_, _ = z.Write(b)
	_ = z.Close()
	if out.Len() >= len(b) {
		return nil
	}
	return out.Bytes()
}

// Has reports whether there is a built-in file.
func (p *Pages) Has(name string) bool {
	_, ok := p.files[name]
	return ok
}

// Serve answers with one file. A browser keeps it, and asks each time whether it is still the one.
func (p *Pages) Serve(name string) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, ok, err := p.find(name)
		if err != nil {
			return api.Problemf(http.StatusInternalServerError, "%v", err)
		}
		if !ok {
			return api.Problemf(http.StatusNotFound, "this router has no %s; its pages may be newer or older than yours: load the page again", api.Shorten(name))
		}
		h := w.Header()
		h.Set("Content-Type", f.kind)
		h.Set("ETag", f.tag)
		h.Set("Cache-Control", "no-cache")
		h.Add("Vary", "Accept-Encoding")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", pagePolicy)
		body := f.plain
		if f.zipped != nil && takesGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body = f.zipped
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		return nil
	}
}

// ServeAsset answers with the file of the path among the assets.
func (p *Pages) ServeAsset(w http.ResponseWriter, r *http.Request) error {
	return p.Serve(assetFolder+r.PathValue("file"))(w, r)
}

// takesGzip reports whether the client asks for it. Whoever names it with a weight, as gzip;q=0, gets the plain bytes.
func takesGzip(r *http.Request) bool {
	for _, list := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				return true
			}
		}
	}
	return false
}
