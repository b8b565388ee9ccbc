// The SDK: enter a room of a Ringside fleet from a browser or from Node, see its state, send inputs, and come back to the
// seat whatever happens to connections and servers. README.md beside this folder shows how.

export { join, type Room } from "./room.ts";
export { playerName } from "./name.ts";
export { RingsideError, type ErrorCode, type Next } from "./errors.ts";
export type * from "./options.ts";
