const table = new Uint32Array(256).map((_, n) => {
	for (let i = 0; i < 8; i++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
	return n;
});

/** The CRC-32 (IEEE) of bytes. */
export function crc32(bytes: Uint8Array): number {
	let c = ~0;
	for (const b of bytes) c = (c >>> 8) ^ table[(c ^ b) & 255]!;
	return ~c >>> 0;
}
