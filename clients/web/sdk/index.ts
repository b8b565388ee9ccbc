export const subprotocol = "ringside.v1";
