package arena

// plan is a map as it is drawn, in units.
type plan struct {
	walls  []Wall
	spawns [][2]uint16
}

// levels is the maps by name. Each has walls all around, and spawns that are outside of every wall.
var levels = map[string]plan{
	// crossfire: four blocks around an open cross, long lines of sight.
	"crossfire": {
		walls: []Wall{
			{0, 0, 1024, 16}, {0, 752, 1024, 16}, {0, 16, 16, 736}, {1008, 16, 16, 736},
			{176, 144, 208, 128}, {640, 144, 208, 128}, {176, 496, 208, 128}, {640, 496, 208, 128},
			{480, 352, 64, 64},
		},
		spawns: [][2]uint16{
			{64, 64}, {960, 704}, {960, 64}, {64, 704}, {512, 80}, {512, 688}, {80, 384}, {944, 384},
			{280, 80}, {744, 688}, {744, 80}, {280, 688},
		},
	},
	// yard: crates and two long fences, short lines of sight.
	"yard": {
		walls: []Wall{
			{0, 0, 1024, 16}, {0, 1008, 1024, 16}, {0, 16, 16, 992}, {1008, 16, 16, 992},
			{256, 160, 24, 320}, {744, 544, 24, 320},
			{400, 240, 96, 96}, {560, 400, 96, 96}, {368, 560, 96, 96}, {528, 720, 96, 96},
			{112, 592, 128, 64}, {784, 368, 128, 64}, {592, 128, 160, 48}, {272, 848, 160, 48}, {96, 320, 64, 64}, {864, 640, 64, 64},
		},
		spawns: [][2]uint16{
			{64, 64}, {960, 960}, {960, 64}, {64, 960}, {512, 512}, {512, 64}, {512, 960}, {64, 480},
			{960, 544}, {344, 400}, {680, 624}, {848, 240}, {176, 784},
		},
	},
}

// point is a place in quanta.
type point struct{ x, y int32 }

// level is a map prepared for play.
type level struct {
	walls  []Wall
	boxes  []Box // for fighters
	solid  []Box // for shots: the walls as they are
	spawns []point
}

func newLevel(p plan) *level {
	l := &level{walls: p.walls}
	for _, w := range p.walls {
		l.boxes = append(l.boxes, Grow(w))
		x, y := int32(w.X)*Unit, int32(w.Y)*Unit
		l.solid = append(l.solid, Box{x, y, x + int32(w.W)*Unit, y + int32(w.H)*Unit})
	}
	for _, s := range p.spawns {
		l.spawns = append(l.spawns, point{int32(s[0]) * Unit, int32(s[1]) * Unit})
	}
	return l
}
