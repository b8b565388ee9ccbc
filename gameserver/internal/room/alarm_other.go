//go:build !linux

package room

import "errors"

func newKernelAlarm() (alarm, error) { return nil, errors.ErrUnsupported }
