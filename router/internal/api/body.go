package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// MaxBody bounds a request's body in bytes: the largest sensible one, with options of proto.MaxOptions, is below 2 KiB.
const MaxBody = 64 << 10

// Decode reads one JSON object without unknown fields.
func Decode(w http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return nil
		}
		if err == nil {
			err = errors.New("there is more after the JSON object")
		}
	}
	var tooLarge *http.MaxBytesError
	var badType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &tooLarge):
		return Problemf(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", MaxBody)
	case err == io.EOF:
		return Problemf(http.StatusBadRequest, `the body is empty; send a JSON object such as {"game":"arena"}`)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return Problemf(http.StatusBadRequest, "the body ends in the middle of its JSON object")
	case errors.As(err, &badType) && badType.Field != "":
		return Problemf(http.StatusBadRequest, "field %q cannot be a JSON %s", badType.Field, badType.Value)
	}
	return Problemf(http.StatusBadRequest, "the body is not the JSON object that is expected: %s",
		strings.TrimPrefix(err.Error(), "json: "))
}

// ReadBody reads a body that is passed on as it is.
func ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, Problemf(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", MaxBody)
	case err != nil:
		return nil, Problemf(http.StatusBadRequest, "the body cannot be read: %v", err)
	}
	return body, nil
}

// WriteJSON answers with v.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
	return nil
}
