package proto

import (
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestParseGivesWhatWasAppended(t *testing.T) {
	for _, f := range formats() {
		t.Run(f.kind.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m := f.draw(t)
				before := bytes(t, 10)
				b := m.Append(append([]byte(nil), before...))
				if !reflect.DeepEqual(b[:len(before)], append([]byte{}, before...)) {
					t.Fatal("Append changed what was there before")
				}
				k, body, rest, err := NextRecord(b[len(before):])
				if err != nil || k != f.kind || len(rest) != 0 {
					t.Fatalf("NextRecord: kind %v, %d bytes left, %v", k, len(rest), err)
				}
				got, err := f.parse(body)
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, m) {
					t.Fatalf("parsed %+v, appended %+v", got, m)
				}
			})
		})
	}
}

// A body that ends in bytes of any number is not cut short by losing some, so those are only held to their fixed head.
func TestEveryShorterPrefixFails(t *testing.T) {
	open := map[Kind]int{KindCustom: 0, KindKeyframe: 4, KindDelta: 2, KindOwn: 3, KindOwnKeyframe: 3}
	for _, f := range formats() {
		t.Run(f.kind.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m := f.draw(t)
				switch v := m.(type) {
				case Input:
					v.Samples = nil
					m = v
				case Outcome:
					v.Data = nil
					m = v
				}
				record := m.Append(nil)
				_, body, _, err := NextRecord(record)
				if err != nil {
					t.Fatal(err)
				}
				end, isOpen := open[f.kind]
				if !isOpen {
					end = len(body)
				}
				for n := range end {
					if got, err := f.parse(body[:n]); !errors.Is(err, ErrShort) {
						t.Fatalf("%d of %d bytes: %+v, error %v, want ErrShort", n, len(body), got, err)
					}
				}
				for n := range record {
					if _, _, _, err := NextRecord(record[:n]); !errors.Is(err, ErrShort) {
						t.Fatalf("%d of the record's %d bytes: error %v, want ErrShort", n, len(record), err)
					}
				}
			})
		})
	}
}

func TestBytesBehindTheEndFail(t *testing.T) {
	open := map[Kind]bool{
		KindCustom: true, KindKeyframe: true, KindDelta: true, KindOwn: true, KindOwnKeyframe: true,
		KindInput: true, KindOutcome: true,
	}
	for _, f := range formats() {
		if open[f.kind] {
			continue
		}
		t.Run(f.kind.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				_, body, _, _ := NextRecord(f.draw(t).Append(nil))
				if got, err := f.parse(append(body, 0)); !errors.Is(err, ErrTrailing) {
					t.Fatalf("%+v, error %v, want ErrTrailing", got, err)
				}
			})
		})
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	b := make([]byte, 0, 4096)
	data := make([]byte, 300)
	for name, append := range map[string]func(){
		"input": func() { Input{First: 70000, Ack: 70000, Count: 3, Samples: data}.Append(b) },
		"delta": func() { Delta{Tick: 7, Body: data}.Append(b) },
		"own":   func() { Own{Processed: 1, Slack: 2, Private: data[:20]}.Append(b) },
		"check": func() { Check{Tick: 1, Hash: 2}.Append(b) },
		"pong":  func() { Pong{Micros: 1, Server: 2}.Append(b) },
		"begin": func() {
			b, at := Delta{Tick: 7}.Begin(b)
			EndRecord(b[:len(b)+300], at)
		},
	} {
		if n := testing.AllocsPerRun(100, append); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}

func TestParseOfATickDoesNotAllocate(t *testing.T) {
	data := make([]byte, 300)
	b := Own{Processed: 1, Slack: 2, Private: data[:20]}.Append(nil)
	b = Delta{Tick: 7, Body: data}.Append(b)
	b = Check{Tick: 7}.Append(b)
	b = Input{First: 1, Count: 1, Samples: data[:9]}.Append(b)
	if n := testing.AllocsPerRun(100, func() {
		for rest := b; len(rest) > 0; {
			k, body, next, err := NextRecord(rest)
			switch k {
			case KindOwn:
				_, err = ParseOwn(k, body)
			case KindDelta:
				_, err = ParseDelta(body)
			case KindCheck:
				_, err = ParseCheck(body)
			case KindInput:
				_, err = ParseInput(body)
			}
			if err != nil {
				t.Fatal(err)
			}
			rest = next
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkDeltaAppend(b *testing.B) {
	buf, body := make([]byte, 0, 1024), make([]byte, 90)
	for b.Loop() {
		Delta{Tick: 7, Body: body}.Append(buf)
	}
}

func BenchmarkInputParse(b *testing.B) {
	_, body, _, _ := NextRecord(Input{First: 70000, Ack: 70000, Count: 2, Samples: make([]byte, 12)}.Append(nil))
	for b.Loop() {
		if _, err := ParseInput(body); err != nil {
			b.Fatal(err)
		}
	}
}
