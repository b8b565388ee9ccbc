// What is added to the requests for a room, for entries beside the SDK's own bundle.

/** Like get, but a request for a room says more; match tells whether it is for a match. */
export function asking(get: typeof fetch, more: (match: boolean) => object): typeof fetch {
	return (to, init) =>
		get(to, init?.method !== "POST" ? init : { ...init, body: JSON.stringify({ ...JSON.parse(String(init.body)), ...more(String(to).endsWith("/v1/match")) }) });
}
