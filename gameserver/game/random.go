package game

// source is the room's random generator: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
// generators", 2014). It holds nothing itself. Its one word of state is in the room's hidden row, so a rebuilt room
// goes on with the very next number.
type source struct{ s *Simulation }

// Uint64 is rand.Source's.
func (r source) Uint64() uint64 {
	row := r.s.core.Room.Get()
	row.Rand += 0x9e3779b97f4a7c15
	z := row.Rand
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
