import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
	plugins: [react()],
	// The hooks and the page must share one React.
	resolve: { dedupe: ["react", "react-dom"] },
	// @ringside-go/client is a link to what make npm builds.
	server: { fs: { allow: ["../../../.."] } },
});
