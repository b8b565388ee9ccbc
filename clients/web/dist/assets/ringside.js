var o="ringside.v1";export{o as subprotocol};
