package main

import (
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/deploy/internal/inspect"
	"github.com/ringside-go/ringside/proto"
)

func newInspect() *cobra.Command {
	c := inspect.Config{}
	var game string
	cmd := &cobra.Command{
		Use:   "inspect [ROOM]",
		Short: "Show a room's tables live, with the bytes that each costs",
		Long: `Watch ROOM as a spectator and show its tables and values, by the schema that the server sends: any game's. Values that have changed
since the last snapshot are marked with *. Behind each table is what its changes cost, in bytes a tick and receiver. Fields that only a
row's owner sees are shown as -. Without ROOM the rooms are listed. A router shows the same in a browser at /inspect/ROOM, where you can also play.`,
		Example: `  ringside inspect
  ringside inspect lobby -interval 200ms
  ringside inspect lobby -game dots -once | less`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.Out, c.Game = cmd.OutOrStdout(), proto.GameName(game)
			if c.Interval <= 0 || c.Rows < 1 {
				return fmt.Errorf("-interval is %v and -rows is %d; both must be above 0", c.Interval, c.Rows)
			}
			if len(args) == 1 {
				var err error
				if c.Room, err = proto.ParseRoomID(args[0]); err != nil {
					return err
				}
				c.Screen = !c.Once && fleet.Colourful(os.Stdout, os.LookupEnv)
				return inspect.Run(cmd.Context(), c)
			}
			rooms, err := inspect.List(cmd.Context(), c.Router)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.Out, 2, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ROOM\tGAME\tSERVER\tPLAYERS\tTICK")
			for _, r := range rooms {
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\n", r.Room, r.Game, r.Server, r.Connected, r.Tick)
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&c.Router, "router", "http://127.0.0.1:8080", "base `URL` of a router")
	cmd.Flags().StringVar(&game, "game", "", "`name` of the room's game, if the router does not list the room")
	cmd.Flags().DurationVar(&c.Interval, "interval", 500*time.Millisecond, "time between two snapshots")
	cmd.Flags().IntVar(&c.Rows, "rows", 20, "most rows of a table that are shown")
	cmd.Flags().BoolVar(&c.Once, "once", false, "show one snapshot and end")
	return cmd
}
