// React hooks. React is a peer dependency.

export { useRoom, type Player, type UseRoom, type UseRoomOptions } from "./useRoom.ts";
export { useSocket, type SocketStatus, type UseSocket, type UseSocketOptions } from "./useSocket.ts";
