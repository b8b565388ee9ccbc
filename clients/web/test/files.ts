// The repository's test data, which the Go side shares.

import { readFileSync } from "node:fs";

const root = new URL("../../", `file://${process.cwd()}/`);

export const text = (path: string): string => readFileSync(new URL(path, root), "utf8");
export const json = (path: string): any => JSON.parse(text(path));
export const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex"));
export const hex = (b: Uint8Array): string => Buffer.from(b).toString("hex");
