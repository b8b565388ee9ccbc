"use client";
// React hooks. React is a peer dependency. Next.js takes them for code of the browser by the line above.

export { useRoom, type Player, type UseRoom, type UseRoomOptions } from "./useRoom.ts";
export { useSocket, type SocketStatus, type UseSocket, type UseSocketOptions } from "./useSocket.ts";
