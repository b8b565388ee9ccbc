package main

import (
	"encoding/json"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
)

// Cards is one table: two to four players, five cards each. Whoever plays the highest card of the suit led takes the trick, and leads the next one.
// A player sees their own hand only: a card that is not on the table is in nobody else's bytes.
type Cards struct {
	Deck  game.Table[Hidden] `state:"max=52,hidden"` // those that nobody has yet, by card
	Hands game.Table[Card]   `state:"max=20,owner"`  // 5 rows a seat
	Table game.Table[Played] `state:"max=4"`         // the trick, by seat
	Plays game.Events[Play]  `state:"max=4"`         // also the card that ends a trick, which is never on the table at the end of a tick
	Score game.Table[Score]  `state:"max=4"`         // by seat
	Turn  game.Value[Turn]
	Input game.Inputs[Move]
}

// Hidden is a card of the deck. Its row is the card: suit times 13 plus rank.
type Hidden struct {
	Left bool `state:""`
}

// Card is a card of a hand.
type Card struct {
	Card uint8 `state:"range=0..51"`
}

// Played is a card on the table.
type Played struct {
	Card uint8 `state:"range=0..51"`
}

// Play is an event: seat plays a card.
type Play struct {
	Seat game.Seat `state:""`
	Card uint8     `state:"range=0..51"`
}

// Score is the tricks that a player has.
type Score struct {
	Tricks uint8 `state:""`
	Plays  bool  `state:""` // was there when the cards were dealt
}

// Turn says whose turn it is.
type Turn struct {
	Seat  game.Seat `state:""`           // NoSeat: no hand is played
	Suit  uint8     `state:"range=0..4"` // led; 4: none
	Timer uint32    `state:"hidden"`
}

// Move is what a player may send: the row of Hands to play.
type Move struct {
	Play uint8 `state:"range=0..20"` // NoCard: none
}

const (
	// NoCard plays nothing.
	NoCard    = 20
	handSize  = 5
	noSuit    = 4
	thinkTime = 20 * time.Second
)

// What the timers are for.
const (
	deal uint16 = iota
	tooLate
)

// Definition names the game for servers.
func Definition() game.Definition {
	return game.Definition{Name: "cards", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &Cards{}, game.Settings{TickRate: 10, Seats: 4}, nil
	}}
}

// Start implements game.Game.
func (g *Cards) Start(*game.Room) { g.Turn.Get().Seat = game.NoSeat }

// Join implements game.Game: the second player begins the countdown. Whoever comes later plays from the next hand on.
func (g *Cards) Join(r *game.Room, p game.Player) {
	g.Score.Put(game.RowID(p.Seat))
	if g.Score.Len() == 2 && g.Turn.Get().Seat == game.NoSeat {
		r.After(2*time.Second, deal, 0)
	}
}

// Leave implements game.Game: the cards of who leaves go back, and the hand ends if only one player is left.
func (g *Cards) Leave(r *game.Room, p game.Player) {
	played := g.Score.Get(game.RowID(p.Seat)).Plays
	g.Score.Remove(game.RowID(p.Seat))
	for i := range game.RowID(handSize) {
		g.Hands.Remove(game.RowID(p.Seat)*handSize + i)
	}
	g.Table.Remove(game.RowID(p.Seat))
	switch turn := g.Turn.Get(); {
	case turn.Seat == game.NoSeat || !played:
	case g.playing() < 2:
		g.finish(r)
	case turn.Seat == p.Seat:
		g.next(r)
	}
}

func (g *Cards) playing() (n int) {
	for _, s := range g.Score.All() {
		if s.Plays {
			n++
		}
	}
	return n
}

// Timer implements game.Timed.
func (g *Cards) Timer(r *game.Room, t game.Timer) {
	switch turn := g.Turn.Get(); {
	case t.Kind == deal && turn.Seat == game.NoSeat && g.Score.Len() >= 2:
		g.deal(r)
	case t.Kind == tooLate && turn.Seat != game.NoSeat && uint32(t.ID) == turn.Timer: // the first card that is allowed is played
		for i := range game.RowID(handSize) {
			if g.play(r, turn.Seat, game.RowID(turn.Seat)*handSize+i) {
				return
			}
		}
	}
}

// deal gives five cards to each player.
func (g *Cards) deal(r *game.Room) {
	for id := range game.RowID(g.Deck.Cap()) {
		g.Deck.Put(id).Left = true
	}
	first := game.NoSeat
	for seat, score := range g.Score.All() {
		*score = Score{Plays: true}
		first = min(first, game.Seat(seat))
		for i := range game.RowID(handSize) {
			card := game.RowID(r.Rand().IntN(g.Deck.Cap()))
			for !g.Deck.Has(card) {
				card = game.RowID(r.Rand().IntN(g.Deck.Cap()))
			}
			g.Deck.Remove(card)
			g.Hands.Put(seat*handSize + i).Card = uint8(card)
			g.Hands.SetOwner(seat*handSize+i, game.Seat(seat)) // nobody else gets the row
		}
	}
	g.Turn.Get().Suit = noSuit
	g.give(r, first)
}

// give makes it seat's turn.
func (g *Cards) give(r *game.Room, seat game.Seat) {
	turn := g.Turn.Get()
	r.Cancel(game.TimerID(turn.Timer))
	turn.Seat, turn.Timer = seat, uint32(r.After(thinkTime, tooLate, 0))
}

// Tick implements game.Game.
func (g *Cards) Tick(r *game.Room) {
	for p := range r.Players() {
		for _, sample := range g.Input.Of(p.Seat) {
			if sample.Value.Play != NoCard && g.Turn.Get().Seat == p.Seat {
				g.play(r, p.Seat, game.RowID(sample.Value.Play))
			}
		}
	}
}

// play plays a card of a hand, if the rules allow it: a client may send anything.
func (g *Cards) play(r *game.Room, seat game.Seat, row game.RowID) bool {
	card, ok := g.Hands.Peek(row)
	if turn := g.Turn.Get(); !ok || g.Hands.Owner(row) != seat || !g.follows(seat, card.Card/13) {
		return false
	} else if turn.Suit == noSuit {
		turn.Suit = card.Card / 13
	}
	g.Hands.Remove(row)
	g.Table.Put(game.RowID(seat)).Card = card.Card
	g.Plays.Emit(Play{Seat: seat, Card: card.Card})
	g.next(r)
	return true
}

// follows reports whether seat may play suit: the suit led, unless the hand has none of it.
func (g *Cards) follows(seat game.Seat, suit uint8) bool {
	led := g.Turn.Get().Suit
	if led == noSuit || suit == led {
		return true
	}
	for id, card := range g.Hands.All() {
		if g.Hands.Owner(id) == seat && card.Card/13 == led {
			return false
		}
	}
	return true
}

// next gives the turn to the next player, or the trick to its winner.
func (g *Cards) next(r *game.Room) {
	for i := game.Seat(1); i <= 4; i++ {
		seat := (g.Turn.Get().Seat + i) % 4
		if score, ok := g.Score.Peek(game.RowID(seat)); ok && score.Plays && !g.Table.Has(game.RowID(seat)) {
			g.give(r, seat)
			return
		}
	}
	winner, best := game.RowID(0), -1
	for seat, played := range g.Table.All() {
		if rank := int(played.Card); played.Card/13 == g.Turn.Get().Suit && rank > best {
			winner, best = seat, rank
		}
	}
	if score := g.Score.Get(winner); best >= 0 && score != nil {
		score.Tricks++
	}
	for seat := range g.Table.All() {
		g.Table.Remove(seat)
	}
	g.Turn.Get().Suit = noSuit
	if g.Hands.Len() == 0 {
		g.finish(r)
		return
	}
	if best < 0 { // who led has left
		g.next(r)
		return
	}
	g.give(r, game.Seat(winner))
}

// finish ends the hand: the most tricks win. The next one is dealt soon.
func (g *Cards) finish(r *game.Room) {
	var o game.Outcome
	for seat, score := range g.Score.All() {
		place := uint8(1)
		for _, other := range g.Score.All() {
			if other.Tricks > score.Tricks {
				place++
			}
		}
		if score.Plays {
			o.Results = append(o.Results, game.Result{Seat: game.Seat(seat), Place: place, Score: int32(score.Tricks)})
		}
	}
	r.Finish(o)
	for id := range g.Hands.All() {
		g.Hands.Remove(id)
	}
	for id := range g.Table.All() {
		g.Table.Remove(id)
	}
	r.Cancel(game.TimerID(g.Turn.Get().Timer))
	g.Turn.Get().Seat = game.NoSeat
	r.After(5*time.Second, deal, 0)
}
