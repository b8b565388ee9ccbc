// The entry for lobbies: lists of rooms, and the search for a match. Not part of the SDK's own bundle.

export { listRooms, watchRooms, type ListedRoom, type RoomPage, type RoomQuery } from "./rooms.ts";
export { findMatch, type MatchOptions, type MatchSearch, type Skill } from "./match.ts";
