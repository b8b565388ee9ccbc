package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// attack is one thing that nobody may do to a fleet, and what must hold all the same.
type attack struct {
	row   string // names it; attacks that show the same have the same
	did   string
	must  string
	short bool // it is part of the short form
	// run does it, and says what it measured. An error says what did not hold.
	run func(ctx context.Context, s *siege) (measured string, err error)
	// harm is what the honest players may notice.
	harm harm
}

// attackResult is what one attack showed.
type attackResult struct {
	Row      string  `json:"row"`
	Did      string  `json:"did"`
	Must     string  `json:"must"`
	Measured string  `json:"measured"`
	Honest   string  `json:"honest"`
	Failure  string  `json:"failure,omitempty"`
	Seconds  float64 `json:"seconds"`
}

var errAttack = errors.New("attack: something did not hold; see above")

// runAttacks attacks a fleet of real processes with raw programs while honest players play there, and prints what held. It fails if
// anything did not.
func runAttacks(ctx context.Context, c config, out *fleet.Console) error {
	chosen, err := chooseAttacks(attacks(), c)
	if err != nil {
		return err
	}
	_, err = attackFleet(ctx, c, chosen, out)
	return err
}

// chooseAttacks gives the attacks with the rows that c names, or all of them, or those of the short form.
func chooseAttacks(all []attack, c config) (chosen []attack, err error) {
	wanted := map[string]bool{}
	for row := range strings.SplitSeq(c.only, ",") {
		if row = strings.TrimSpace(row); row != "" {
			wanted[row] = true
		}
	}
	known := map[string]bool{}
	for _, a := range all {
		known[a.row] = true
		if wanted[a.row] || len(wanted) == 0 && (a.short || !c.short) {
			chosen = append(chosen, a)
		}
	}
	for row := range wanted {
		if !known[row] {
			return nil, fmt.Errorf("-phases: there is no attack %q; -help names the file that lists them", row)
		}
	}
	return chosen, nil
}

// attackFleet runs the attacks one after another on this goroutine's thread.
func attackFleet(ctx context.Context, c config, all []attack, out *fleet.Console) (results []attackResult, err error) {
	runtime.LockOSThread() // see process.start
	defer runtime.UnlockOSThread()
	bin, err := binariesOf(ctx, c.bin, map[string]string{"gameserver": "./deploy/local/hostile/gameserver", "router": "./router"}, "attack", out)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ringside-attack-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file, err := logFile(c.json)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	out.Printf("3 game servers, 2 routers; what the processes say is in %s\n", file.Name())
	log := &countingWriter{w: file}
	s, err := openSiege(ctx, c, bin, dir, log, fleet.NewConsole(log, false))
	if err != nil {
		return nil, err
	}
	defer s.close()
	for _, a := range all {
		if err := s.recover(ctx); err != nil {
			return results, err
		}
		r := s.suffer(ctx, a)
		if ctx.Err() != nil {
			return results, ctx.Err()
		}
		results = append(results, r)
		out.Printf("%s", r.text())
	}
	failed := 0
	for _, r := range results {
		if r.Failure != "" {
			failed++
		}
	}
	out.Printf("\n%d attacks, %d failed\n", len(results), failed)
	if c.json != "" {
		b, _ := json.MarshalIndent(results, "", "  ") // of strings and numbers: never fails
		err = os.WriteFile(c.json, append(b, '\n'), 0o666)
	}
	if err == nil && failed > 0 {
		err = errAttack
	}
	return results, err
}

// stallLimit is how long this process itself may not run before an attack that failed says nothing: the machine had other things to do.
const stallLimit = 300 * time.Millisecond

// suffer runs one attack and judges it. One that failed while the machine stood still is run again, twice at most.
func (s *siege) suffer(ctx context.Context, a attack) (r attackResult) {
	for try := 1; ; try++ {
		s.honest.begin()
		r = s.once(ctx, a)
		stall := s.honest.stall()
		if r.Failure == "" || stall < stallLimit || try == 3 || ctx.Err() != nil {
			return r
		}
		s.log.Printf("attack %s failed (%s), but this machine stood still for %v; it is tried again\n", a.row, r.Failure, stall)
		if err := s.recover(ctx); err != nil {
			r.Failure += "; " + err.Error()
			return r
		}
	}
}

// once runs one attack.
func (s *siege) once(ctx context.Context, a attack) attackResult {
	s.log.Printf("attack %s: %s\n", a.row, a.did)
	s.tries++
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, attackLimit)
	defer cancel()
	measured, err := a.run(ctx, s)
	honest, harmed := s.honest.end(a.harm)
	if dead := s.bed.dead(); err == nil && dead != nil {
		err = dead
	}
	r := attackResult{Row: a.row, Did: a.did, Must: a.must, Measured: measured, Honest: honest, Seconds: time.Since(begun).Seconds()}
	if err = errors.Join(err, harmed); err != nil {
		r.Failure = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return r
}

// attackLimit bounds one attack.
const attackLimit = 90 * time.Second

// text is a row of the table.
func (r attackResult) text() string {
	verdict := "ok"
	if r.Failure != "" {
		verdict = "FAILED: " + r.Failure
	}
	return fmt.Sprintf("\n%-4s did       %s\n     must      %s\n     measured  %s\n     honest    %s\n     %s (%.1f s)\n", r.Row, r.Did, r.Must, r.Measured, r.Honest, verdict, r.Seconds)
}
