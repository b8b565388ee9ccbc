// Where the rooms of a server are drawn: each has a slot of a grid, and keeps it for as long as it is there, so that a
// room that comes or goes moves no other.

/** The slots of one server. */
export class Slots {
	private taken: (string | undefined)[] = [];
	private readonly bySlot = new Map<string, number>();

	get count(): number {
		return this.bySlot.size;
	}

	/** How many slots a grid needs. */
	get span(): number {
		return this.taken.length;
	}

	/** Gives a room the first free slot, or the one that it has. */
	take(room: string): number {
		const had = this.bySlot.get(room);
		if (had !== undefined) return had;
		const free = this.taken.indexOf(undefined);
		const slot = free < 0 ? this.taken.length : free;
		this.taken[slot] = room;
		this.bySlot.set(room, slot);
		return slot;
	}

	release(room: string): void {
		const slot = this.bySlot.get(room);
		if (slot === undefined) return;
		this.bySlot.delete(room);
		this.taken[slot] = undefined;
		while (this.taken.length > 0 && this.taken.at(-1) === undefined) this.taken.pop();
	}

	/** Closes the gaps once more than half of the span is gaps; true if it did, and slots have changed. */
	pack(): boolean {
		if (this.span <= 2 * this.count + 8) return false;
		this.taken = this.taken.filter((r) => r !== undefined);
		this.taken.forEach((room, slot) => this.bySlot.set(room!, slot));
		return true;
	}

	slotOf(room: string): number | undefined {
		return this.bySlot.get(room);
	}
}

/** Distances between neighbours, in CSS pixels. */
export const maxPitch = 28;
export const minPitch = 4;

/** The largest pitch with which a field of that size has n slots, within the limits. */
export function pitchFor(width: number, height: number, n: number): number {
	let pitch = Math.min(maxPitch, width, height);
	while (pitch > minPitch && capacity(width, height, pitch) < n) pitch -= 0.5;
	return Math.max(pitch, minPitch);
}

export function capacity(width: number, height: number, pitch: number): number {
	return Math.max(1, Math.floor(width / pitch)) * Math.max(1, Math.floor(height / pitch));
}

/** The middle of a slot, in a field of that size; slots beyond its capacity begin again at the top. */
export function slotPosition(slot: number, width: number, height: number, pitch: number): [x: number, y: number] {
	const columns = Math.max(1, Math.floor(width / pitch));
	const rows = Math.max(1, Math.floor(height / pitch));
	const i = slot % (columns * rows);
	return [((i % columns) + 0.5) * pitch, (Math.floor(i / columns) + 0.5) * pitch];
}
