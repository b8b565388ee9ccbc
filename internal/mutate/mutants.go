package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
)

// mutant is one change of one file: the text between two offsets is replaced.
type mutant struct {
	file       string
	line, col  int
	begin, end int
	old, new   string
}

func (m mutant) String() string {
	return fmt.Sprintf("%s:%d:%d: %s becomes %s", m.file, m.line, m.col, m.old, m.new)
}

// apply gives the file's text with the change.
func (m mutant) apply(source []byte) []byte {
	return append(append(append([]byte{}, source[:m.begin]...), m.new...), source[m.end:]...)
}

// swaps are the operators that take each other's place. Boundaries move by one; conditions, directions and signs turn around.
var swaps = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.EQL: token.NEQ, token.NEQ: token.EQL, token.LAND: token.LOR, token.LOR: token.LAND,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL,
	token.AND: token.OR, token.OR: token.AND, token.SHL: token.SHR, token.SHR: token.SHL,
	token.INC: token.DEC, token.DEC: token.INC, token.ADD_ASSIGN: token.SUB_ASSIGN, token.SUB_ASSIGN: token.ADD_ASSIGN,
}

// mutants gives every mutant of a file, by its place in the text. Some do not compile, such as the difference of two strings.
func mutants(name string, source []byte) (all []mutant, err error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, 0)
	if err != nil {
		return nil, err
	}
	add := func(at token.Pos, old, new string) {
		p := fset.Position(at)
		all = append(all, mutant{name, p.Line, p.Column, p.Offset, p.Offset + len(old), old, new})
	}
	swap := func(at token.Pos, op token.Token) {
		if other, ok := swaps[op]; ok {
			add(at, op.String(), other.String())
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BinaryExpr:
			swap(n.OpPos, n.Op)
		case *ast.IncDecStmt:
			swap(n.TokPos, n.Tok)
		case *ast.AssignStmt:
			swap(n.TokPos, n.Tok)
		case *ast.UnaryExpr:
			if n.Op == token.NOT {
				add(n.OpPos, "!", "")
			}
		case *ast.Ident:
			switch n.Name {
			case "true":
				add(n.Pos(), "true", "false")
			case "false":
				add(n.Pos(), "false", "true")
			}
		case *ast.BasicLit: // more than twice as much, so that it is no matter of rounding; 0 becomes 1
			if v, err := strconv.ParseUint(n.Value, 0, 62); err == nil && n.Kind == token.INT {
				add(n.Pos(), n.Value, strconv.FormatUint(2*v+1, 10))
			}
		}
		return true
	})
	return all, nil
}
