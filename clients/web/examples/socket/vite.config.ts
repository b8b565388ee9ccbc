import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { WebSocketServer } from "ws";

// The development server answers at /echo what it is told there, so that the page has somebody to talk to.
const echo = {
	name: "echo",
	configureServer({ httpServer }: { httpServer: import("node:events").EventEmitter | null }) {
		const sockets = new WebSocketServer({ noServer: true });
		httpServer?.on("upgrade", (request, socket, head) => {
			if (request.url !== "/echo") return;
			sockets.handleUpgrade(request, socket, head, (ws) => ws.on("message", (data, binary) => ws.send(data, { binary })));
		});
	},
};

export default defineConfig({
	plugins: [react(), echo],
	// The hook and the page must share one React.
	resolve: { dedupe: ["react", "react-dom"] },
	// @ringside-go/client is a link to what make npm builds.
	server: { fs: { allow: ["../../../.."] } },
});
