// A plain WebSocket that comes back when it is lost. `npm run dev` starts the page and an echo to talk to.

import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { useSocket } from "@ringside-go/client/react";

const url = new URLSearchParams(location.search).get("url") ?? `ws://${location.host}/echo`;

function App() {
	const [text, setText] = useState("hello");
	const { status, last, send } = useSocket(url);
	return (
		<form
			onSubmit={(e) => {
				e.preventDefault();
				send(text);
			}}
		>
			<p>
				{url} is {status}.
			</p>
			<input value={text} onChange={(e) => setText(e.target.value)} /> <button disabled={status !== "open"}>Send</button>
			<p>{last !== undefined && `The newest answer: ${last}`}</p>
		</form>
	);
}

createRoot(document.querySelector("#root")!).render(
	<StrictMode>
		<App />
	</StrictMode>,
);
