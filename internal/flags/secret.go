package flags

import (
	"fmt"
	"os"
	"strings"
)

// Secret reads a secret given as value (-name) or as the content of file (-name-file), not as both. Neither gives "".
// Errors never show it.
func Secret(name, value, file string) (string, error) {
	switch {
	case value != "" && file != "":
		return "", fmt.Errorf("-%s and -%s-file are both given; give one", name, name)
	case file == "":
		return value, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("-%s-file: %w", name, err)
	}
	if value = strings.TrimSpace(string(b)); value == "" {
		return "", fmt.Errorf("-%s-file: %s is empty", name, file)
	}
	return value, nil
}
