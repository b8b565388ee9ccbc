import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The hooks and the page must share one React.
export default defineConfig({ plugins: [react()], resolve: { dedupe: ["react", "react-dom"] } });
