package textframes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxDepth is how deep a message nests at most: a list of records, a record, its samples, a sample.
const maxDepth = 4

// parse reads one JSON value, with numbers as they are written. It refuses what encoding/json lets pass: names that come twice in an object, broken UTF-8,
// and anything behind the value.
func parse(b []byte) (any, error) {
	if !utf8.Valid(b) {
		return nil, errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	v, err := value(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return v, nil
}

func value(d *json.Decoder, depth int) (any, error) {
	token, err := next(d)
	if err != nil {
		return nil, err
	}
	begin, ok := token.(json.Delim)
	switch {
	case !ok:
		return token, nil
	case depth == maxDepth:
		return nil, fmt.Errorf("it nests deeper than %d", maxDepth)
	case begin == '[':
		list := []any{}
		for d.More() {
			v, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = next(d)
		return list, err
	}
	object := map[string]any{}
	for d.More() {
		token, err := next(d)
		if err != nil {
			return nil, err
		}
		name, _ := token.(string) // the decoder takes nothing else here
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("the name %.32q comes twice in an object", name)
		}
		if object[name], err = value(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err = next(d)
	return object, err
}

func next(d *json.Decoder) (json.Token, error) {
	token, err := d.Token()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("it ends too early")
	}
	return token, err
}
