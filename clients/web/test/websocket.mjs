// Gives Node before 22 the WebSocket that later ones have.
globalThis.WebSocket ??= (await import("ws")).WebSocket;
