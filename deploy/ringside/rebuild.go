package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringside-go/ringside/internal/flags"
)

func newRebuild() *cobra.Command {
	var router, token, tokenFile string
	cmd := &cobra.Command{
		Use:   "rebuild BOARD",
		Short: "Compute a leaderboard again from the stored outcomes",
		Long: `Ask a router to compute BOARD again from all outcomes in its results store: after it was declared on a store that had outcomes, or was
declared otherwise than before. Outcomes that are decided meanwhile wait.`,
		Example: `  ringside rebuild arena
  ringside rebuild ranked -router http://router.internal:8081 -admin-token-file token`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			secret, err := flags.Secret("admin-token", token, tokenFile)
			if err != nil {
				return err
			}
			r, err := http.NewRequestWithContext(cmd.Context(), http.MethodPost, strings.TrimSuffix(router, "/")+"/internal/v1/boards/"+url.PathEscape(args[0])+"/rebuild", nil)
			if err != nil {
				return err
			}
			if secret != "" {
				r.Header.Set("Authorization", "Bearer "+secret)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				return fmt.Errorf("no router answers: %w; give the URL of a router with -router", err)
			}
			defer resp.Body.Close()
			if resp.StatusCode/100 != 2 {
				var problem struct{ Detail string }
				_ = json.NewDecoder(resp.Body).Decode(&problem) // without one, the status must do
				return fmt.Errorf("the router answers %s: %s", resp.Status, problem.Detail)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "board %s is computed again\n", args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&router, "router", "http://127.0.0.1:8080", "`URL` of a router's internal listener, or of the only one that it has")
	cmd.Flags().StringVar(&token, "admin-token", "", "operators' `token` (default none: for a router on this machine that has none)")
	cmd.Flags().StringVar(&tokenFile, "admin-token-file", "", "`file` with the operators' token")
	return cmd
}
