import type { RoomEvents } from "./options.ts";

export type Emitter = ReturnType<typeof newEmitter>;

/** Tells listeners what happens. One that throws stops neither the others nor the client; its error is nobody's to catch. */
export function newEmitter() {
	const listeners: { [event: string]: Set<(...args: any[]) => void> } = {};
	return {
		/** Listens; what it returns ends that. */
		on<E extends keyof RoomEvents>(event: E, listener: RoomEvents[E]): () => void {
			const all = (listeners[event] ??= new Set()).add(listener);
			return () => void all.delete(listener);
		},

		emit<E extends keyof RoomEvents>(event: E, ...args: Parameters<RoomEvents[E]>): void {
			for (const listener of listeners[event] ?? []) {
				try {
					listener(...args);
				} catch (e) {
					setTimeout(() => {
						throw e;
					}, 0);
				}
			}
		},
	};
}
