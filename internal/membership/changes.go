package membership

import "log/slog"

// logChanges writes a line for each member that came, went, started anew or changed its state from one view to another,
// and for a quorum lost or won.
func logChanges(logger *slog.Logger, from, to *View) {
	line := func(text string, m Member) {
		logger.Info(text, "member", m.Name, "role", m.Role, "state", m.State, "url", m.URL, "zone", m.Zone, "version", m.Version)
	}
	for _, m := range to.Members {
		switch old, ok := from.Find(m.Name); {
		case !ok:
			line("member joined", m)
		case old.Boot == m.Boot && old.State != m.State:
			line("member changed its state", m)
		case old.Boot != m.Boot && m.Name == to.Self.Name:
			logger.Error("another process has this process's name; give each a -name of its own",
				"name", m.Name, "boot", to.Self.Boot, "other", m.Boot, "url", m.URL)
		case old.Boot != m.Boot:
			line("member started anew", m)
		}
	}
	for _, m := range from.Members {
		if _, ok := to.Find(m.Name); !ok {
			gone, _ := to.FindGone(m.Name)
			logger.Info("member gone", "member", m.Name, "role", m.Role, "state", m.State, "reason", gone.Reason, "url", m.URL)
		}
	}
	if from.Quorum != to.Quorum {
		if to.Quorum {
			logger.Info("this process sees more than half of the fleet", "members", len(to.Members))
		} else {
			logger.Warn("this process is cut off from half of the fleet or more", "members", len(to.Members), "gone", len(to.Gone))
		}
	}
}
