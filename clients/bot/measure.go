package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// meters reads what servers say of themselves before the players come, and at the ends of the measured window.
type meters struct {
	urls              []string
	idle, first, last []metrics // by URL
}

// metrics is one scrape: the series without labels by name.
type metrics map[string]float64

// The series that are used.
const (
	cpuSeconds  = "process_cpu_seconds_total"
	rss         = "process_resident_memory_bytes"
	playerTicks = "ringside_player_ticks_total"
	connections = "ringside_connections"
	ticksLate   = "ringside_ticks_late_total"
)

func newMeters(ctx context.Context, urls []string) (m *meters, err error) {
	m = &meters{urls: urls}
	m.idle, err = m.scrape(ctx)
	return m, err
}

func (m *meters) begin(ctx context.Context) (err error) {
	m.first, err = m.scrape(ctx)
	return err
}

func (m *meters) end(ctx context.Context) (err error) {
	m.last, err = m.scrape(ctx)
	return err
}

func (m *meters) scrape(ctx context.Context) ([]metrics, error) {
	var all []metrics
	for _, u := range m.urls {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
		if err != nil {
			return nil, err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, fmt.Errorf("metrics of %s: %w", u, err)
		}
		one, err := parseMetrics(resp.Body)
		resp.Body.Close()
		if err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("status %s", resp.Status)
		}
		if err != nil {
			return nil, fmt.Errorf("metrics of %s: %w", u, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// parseMetrics reads the Prometheus text format, as far as series without labels go.
func parseMetrics(r io.Reader) (metrics, error) {
	m := make(metrics)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if !ok || name == "#" || strings.Contains(name, "{") {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("line %q: %w", lines.Text(), err)
		}
		m[name] = v
	}
	return m, lines.Err()
}

// ServerCost is what a server's players cost it.
type ServerCost struct {
	URL             string  `json:"url"`
	Players         int     `json:"players"`
	CPUPerTick      float64 `json:"cpu_us_per_player_tick"`
	CPU             float64 `json:"cpu_cores"`
	MemoryPerPlayer float64 `json:"rss_bytes_per_player"`
	LateTicks       uint64  `json:"late_ticks"`
}

// costs gives each server's cost within the window of that many seconds. Memory is what it grew by since before the
// players came.
func (m *meters) costs(seconds float64) []ServerCost {
	var all []ServerCost
	for i, u := range m.urls {
		idle, first, last := m.idle[i], m.first[i], m.last[i]
		cpu := last[cpuSeconds] - first[cpuSeconds]
		c := ServerCost{
			URL:       u,
			Players:   int(last[connections]),
			CPU:       cpu / seconds,
			LateTicks: uint64(last[ticksLate] - first[ticksLate]),
		}
		if ticks := last[playerTicks] - first[playerTicks]; ticks > 0 {
			c.CPUPerTick = cpu * 1e6 / ticks
		}
		if more := last[connections] - idle[connections]; more > 0 {
			c.MemoryPerPlayer = (last[rss] - idle[rss]) / more
		}
		all = append(all, c)
	}
	return all
}
