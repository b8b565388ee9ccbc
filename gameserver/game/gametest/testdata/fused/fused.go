// Package fused has lines that CheckRounding names, which say so, and others.
package fused

import "math"

type vector struct{ x, y float32 }

func (v vector) dot(w vector) float32 { return v.x*w.x + v.y*w.y } // named

// Length is inlined into nothing, and has inlined dot.
//
//go:noinline
func (v vector) Length() float32 { return float32(math.Sqrt(float64(v.dot(v)))) }

// Across needs two statements.
func Across(a, b, c float64) float64 {
	product := a * b
	return c - product // named
}

// Add assigns.
func Add(sum *float32, a, b float32) {
	*sum += a * b // named
}

// Safe rounds twice everywhere.
func Safe(a, b, c float32) float32 { return float32(a*b) + c }

// Whole has no floats.
func Whole(a, b, c int32) int32 { return a*b + c }

// Meant rounds once everywhere.
func Meant(a, b, c float64) float64 { return math.FMA(a, b, c) }
