// The SDK with all its entries, for pages without a package manager: /assets/ringside-all.js of a router.

export * from "./index.ts";
export * from "./lobby.ts";
export * from "./party.ts";
export * from "./roomid.ts";
export * from "./simulate.ts";
