// Rawgws is the reference of make bench: with -listen a server of about 100 lines on the library gws, with -url the players for it,
// who print what they and the server have measured as the bots of Ringside do. With -floor the server is only the system calls.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	listen := flag.String("listen", "", "serve at this `host:port`")
	url := flag.String("url", "", "play at this ws://`host:port`")
	rooms, players := flag.Int("rooms", 50, "rooms"), flag.Int("players", 8, "players in each")
	bare := flag.Bool("floor", false, "with -listen: no library, and one loop for all sockets; on Linux only")
	hz := flag.Int("hz", 20, "ticks, and inputs, a second")
	length, ramp := flag.Duration("for", 10*time.Second, "how long to measure"), flag.Duration("ramp", 5*time.Second, "in which the players come")
	flag.Parse()
	var err error
	switch {
	case *listen != "":
		s := &server{hz: *hz, rooms: make(map[string]*room)}
		handler := s.handler()
		if *bare {
			handler = newFloor(*hz)
		}
		if handler == nil {
			err = errors.New("-floor is for Linux only")
			break
		}
		err = (&http.Server{Addr: *listen, Handler: handler, ReadHeaderTimeout: 5 * time.Second}).ListenAndServe()
	case *url != "":
		l := &load{url: *url, rooms: *rooms, players: *players, hz: *hz}
		var r report
		if r, err = l.measure(context.Background(), *ramp, *length); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(r)
		}
	default:
		err = errors.New("give -listen or -url")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rawgws:", err)
		os.Exit(1)
	}
}

// report has the names of the bots' report (clients/bot).
type report struct {
	Players int                `json:"players"`
	Share   float64            `json:"ticks_share"`
	Latency map[string]float64 `json:"input_to_ack_ms"`
	Down    float64            `json:"bytes_down_per_player_second"`
	Servers [1]serverReport    `json:"servers"`
}

type serverReport struct {
	CPUPerTick float64 `json:"cpu_us_per_player_tick"`
	CPU        float64 `json:"cpu_cores"`
	Memory     float64 `json:"rss_bytes_per_player"`
}

// measure plays: players come in ramp, settle for a second and are measured for length.
func (l *load) measure(ctx context.Context, ramp, length time.Duration) (r report, err error) {
	idle, err := l.scrape()
	if err != nil {
		return r, err
	}
	if err := l.start(ctx, ramp); err != nil {
		return r, err
	}
	defer l.end()
	time.Sleep(time.Second)
	first, err := l.scrape()
	if err != nil {
		return r, err
	}
	begun := time.Now()
	l.measuring.Store(true)
	time.Sleep(length)
	l.measuring.Store(false)
	took := time.Since(begun).Seconds()
	last, err := l.scrape()
	if err != nil {
		return r, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n, states := float64(l.rooms*l.players), float64(max(1, l.states.Load()))
	cpu := last["process_cpu_seconds_total"] - first["process_cpu_seconds_total"]
	r.Players, r.Share = int(n), states/(n*took*float64(l.hz))
	r.Latency = map[string]float64{"p50": l.percentile(.5), "p99": l.percentile(.99)}
	r.Down = float64(l.bytes.Load()) / n / took
	r.Servers[0] = serverReport{cpu / states * 1e6, cpu / took, (last["process_resident_memory_bytes"] - idle["process_resident_memory_bytes"]) / n}
	return r, nil
}

// scrape reads the server's metrics that have no labels.
func (l *load) scrape() (map[string]float64, error) {
	resp, err := http.Get("http" + strings.TrimPrefix(l.url, "ws") + "/metrics")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	m := make(map[string]float64)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok {
			if v, err := strconv.ParseFloat(value, 64); err == nil {
				m[name] = v
			}
		}
	}
	return m, lines.Err()
}
