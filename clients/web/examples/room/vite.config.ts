import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
	plugins: [react()],
	// The hooks and the page must share one React.
	resolve: { dedupe: ["react", "react-dom"] },
	// The package "ringside" is a link to the folder above.
	server: { fs: { allow: ["../.."] } },
});
