package main

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// stage is the last stage of a Dockerfile.
type stage struct {
	copies []copying
	config config
}

// copying is one COPY.
type copying struct {
	from    string   // name of the stage; empty: the build context
	sources []string // files, or folders whose content is copied
	dir     string   // with the slash at its end
}

// config is the image's configuration as the OCI image specification names its fields.
type config struct {
	User       string            `json:",omitempty"`
	Env        []string          `json:",omitempty"`
	Entrypoint []string          `json:",omitempty"`
	Cmd        []string          `json:",omitempty"`
	WorkingDir string            `json:",omitempty"`
	Labels     map[string]string `json:",omitempty"`
}

// parse reads the last stage of a Dockerfile. It knows what an image of static programs needs, and says so of all else:
// an image that lacks an instruction would be another one.
func parse(text string) (*stage, error) {
	var s *stage
	text = strings.ReplaceAll(text, "\\\n", " ")
	for number, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		verb, rest := strings.ToUpper(words[0]), strings.TrimSpace(strings.TrimSpace(line)[len(words[0]):])
		var err error
		switch {
		case verb == "FROM" && len(words) == 2 && words[1] == "scratch":
			s = &stage{config: config{Labels: map[string]string{}}}
		case verb == "FROM":
			s = nil // an earlier stage, which is given as a folder
		case s != nil:
			err = s.take(verb, rest)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number+1, err)
		}
	}
	if s == nil {
		return nil, fmt.Errorf("the last stage is not FROM scratch")
	}
	return s, nil
}

// take carries out one instruction of the last stage.
func (s *stage) take(verb, rest string) (err error) {
	c := &s.config
	switch verb {
	case "COPY":
		return s.takeCopy(strings.Fields(rest))
	case "USER":
		c.User = rest
	case "WORKDIR":
		c.WorkingDir = rest
	case "ENTRYPOINT":
		c.Entrypoint, err = words(rest)
	case "CMD":
		c.Cmd, err = words(rest)
	case "ENV", "LABEL":
		name, value, ok := strings.Cut(rest, "=")
		value = strings.Trim(value, `"`)
		if !ok || strings.ContainsAny(name, " \t") {
			return fmt.Errorf("%s %s: write one NAME=VALUE", verb, rest)
		}
		if verb == "LABEL" {
			c.Labels[name] = value
		} else {
			c.Env = append(c.Env, name+"="+value)
		}
	default:
		return fmt.Errorf("%s is not understood here; COPY, ENV, LABEL, USER, WORKDIR, ENTRYPOINT and CMD are", verb)
	}
	return err
}

// words reads the JSON form, which needs no shell.
func words(rest string) (all []string, err error) {
	if err := json.Unmarshal([]byte(rest), &all); err != nil {
		return nil, fmt.Errorf(`%s: write a list such as ["/usr/bin/router"]; there is no shell in the image`, rest)
	}
	return all, nil
}

func (s *stage) takeCopy(args []string) error {
	written := strings.Join(args, " ")
	c := copying{}
	if len(args) > 0 && strings.HasPrefix(args[0], "--from=") {
		c.from, args = strings.TrimPrefix(args[0], "--from="), args[1:]
	}
	if len(args) < 2 || strings.HasPrefix(args[0], "--") || !strings.HasSuffix(args[len(args)-1], "/") {
		return fmt.Errorf("COPY %s: write COPY FILE... DIR/, or COPY --from=STAGE FILE... DIR/", written)
	}
	last := len(args) - 1
	c.sources, c.dir = args[:last], path.Clean(args[last])+"/"
	s.copies = append(s.copies, c)
	return nil
}
