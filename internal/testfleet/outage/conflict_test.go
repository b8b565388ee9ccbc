//go:build unix

package outage

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// refused is the metric that the alert about conflicts watches.
const refused = "ringside_results_conflicts_total"

// offer sends an outcome of p's room as a game server does: of match, by a leader of epoch counter on server, with another score.
func (b *bed) offer(p *player, match, counter int, server string) (verdict string) {
	b.t.Helper()
	body := fmt.Sprintf(`{"instance":%q,"match":%d,"room":%q,"game":"short","tick":1,"results":[{"seat":0,"player":"ann","alias":"x","place":1,"score":-5}]}`,
		p.life(), match, p.room)
	text, status := b.do(http.MethodPost, router, "/internal/v1/outcomes", fmt.Sprintf(
		`{"entries":[{"epoch":{"counter":%d,"server":%q},"from":%d,"body":%s}]}`, counter, server, match, body))
	var answers struct{ Answers []struct{ Verdict string } }
	if err := json.Unmarshal([]byte(text), &answers); err != nil || status != http.StatusOK || len(answers.Answers) != 1 {
		b.t.Fatalf("%d, %v: %s", status, err, text)
	}
	return answers.Answers[0].Verdict
}

// A second leader offers another outcome of a match that the store has: it is refused, kept apart and counted, and the room plays on.
func TestSecondOutcomeOfAMatch(t *testing.T) {
	b := newBed(t)
	b.open()
	p := b.enter("ann", "short")
	b.await("the player hears outcomes", func() bool { return p.matches() >= 2 })
	if n := b.metric(router, refused); n != 0 {
		t.Fatalf("%v were refused before", n)
	}
	for range 2 { // the second time it is known
		if v := b.offer(p, 1, 1, other(p.at())); v != "conflict" {
			t.Errorf("the verdict is %s, want conflict", v)
		}
	}
	if n := b.metric(router, refused, `verdict="conflict"`); n != 1 {
		t.Errorf("%s is %v, want 1", refused, n)
	}
	if text := b.conflicts(); !strings.Contains(text, `"score":-5`) || strings.Count(text, `"conflict"`) != 1 {
		t.Errorf("conflicts: %s", text)
	}
	alerts, err := os.ReadFile(filepath.Join("..", "..", "..", "deploy", "k8s", "monitoring", "alerts.yaml"))
	if err != nil || !strings.Contains(string(alerts), "increase("+refused+"[") {
		t.Errorf("no alert watches %s: %v", refused, err)
	}
	heard := p.matches()
	b.await("the room plays on", func() bool { return p.matches() > heard+1 })
	b.settle(p)
}

// A second leader has an outcome stored first. The leader of the room meets it: it steps down in favour of the other one, to which it
// sends its players, and nobody hears its own outcome. The other leader is this test, so no server has the room: the players hear that
// it is lost.
func TestLeaderMeetsAnotherOutcome(t *testing.T) {
	b := newBed(t)
	b.open()
	p := b.enter("ann", "short")
	b.await("the player hears outcomes", func() bool { return p.matches() >= 2 })
	leader := p.at()
	match := p.matches() + 6
	if v := b.offer(p, match, 2, other(leader)); v != "stored" {
		t.Fatalf("the verdict is %s, want stored", v)
	}
	b.await("the leader is refused", func() bool { return b.metric(router, refused, `verdict="conflict"`) == 1 })
	b.await("the leader steps down", func() bool {
		var details struct {
			Rooms  []struct{}
			Events []struct{ Kind, Room, To string }
		}
		return b.get(leader, "/v1/server/details", &details) && len(details.Rooms) == 0 && len(details.Events) == 1 &&
			details.Events[0].Kind == "depose" && details.Events[0].Room == p.room && details.Events[0].To == other(leader)
	})
	if n := p.matches(); n >= match {
		t.Errorf("the player heard %d outcomes; the store has another leader's one of match %d", n, match)
	}
	stepped := time.Now()
	b.await("the player hears that the room is lost", p.over)
	t.Logf("the player heard that the room is lost after %v", time.Since(stepped))
	if n := b.metric(leader, "ringside_outcomes_total", `verdict="conflict"`); n != 1 {
		t.Errorf("the leader has counted %v conflicts, want 1", n)
	}
	b.settle(p)
}

// The leader is paused until its standby leads and the store knows that. What it would say of the matches since is refused, and when it
// goes on it steps down. Its player hears outcomes all the time: it stays with the next leader, and hears every outcome once.
func TestPausedLeaderIsFenced(t *testing.T) {
	b := newBed(t)
	b.open()
	b.start("gs-3") // two of three are a quorum
	b.whole()
	p := b.enter("ann", "short")
	b.await("the player hears outcomes", func() bool { return p.matches() >= 2 })
	leader := p.at()
	b.signal(leader, syscall.SIGSTOP)
	b.await("the standby leads", func() bool { return p.at() != leader })
	tick := p.ticks()
	heard := p.matches()
	b.await("the player hears outcomes, whose last leader is silent", func() bool { return p.matches() >= heard+3 })
	if n := p.ticks() - tick; n > 3*shortRate {
		t.Errorf("the player heard no outcomes for %d ticks of the next leader, since the last one was silent", n)
	}
	if v := b.offer(p, p.matches()+50, 1, leader); v != "fenced" {
		t.Errorf("the verdict is %s, want fenced", v)
	}
	if n := b.metric(router, refused, `verdict="fenced"`); n != 1 {
		t.Errorf("%v were refused as fenced, want 1", n)
	}
	b.signal(leader, syscall.SIGCONT)
	b.whole()
	heard = p.matches()
	b.await("the player hears outcomes again", func() bool { return p.matches() >= heard+6 })
	if p.over() {
		t.Error("the room was lost")
	}
	b.settle(p)
}
