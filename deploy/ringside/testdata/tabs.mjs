// Opens a game's page in two tabs of a headless Chromium, moves and clicks in both, and fails if a page has an error or does not
// play, or if both have one seat. Arguments: the page's URL, Chromium's program, a folder for pictures.
import { createRequire } from "node:module";

const [url, executablePath, pictures] = process.argv.slice(2);
const { chromium } = createRequire(process.env.MODULES + "/")("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const troubles = [];
try {
	const context = await browser.newContext();
	const tabs = [];
	for (const name of ["one", "two"]) {
		const tab = await context.newPage();
		tab.on("pageerror", (e) => troubles.push(`${name}: ${e}`));
		tab.on("console", (m) => m.type() === "error" && !m.location().url.endsWith("/favicon.ico") && troubles.push(`${name}: ${m.text()}`));
		await tab.goto(url);
		tabs.push(tab);
	}
	for (const tab of tabs) {
		const plays = () => /playing|move|keys/.test(document.getElementById("status").textContent);
		await tab.waitForFunction(plays, undefined, { timeout: 60000 }).catch(async (e) => {
			throw new Error(`${e}; the status is ${await tab.textContent("#status")}`);
		});
	}
	for (const tab of tabs) {
		if (!/playing|move|keys/.test(await tab.textContent("#status"))) throw new Error(`a tab says: ${await tab.textContent("#status")}`);
		const area = tab.locator("#game").first();
		const box = await area.boundingBox();
		await tab.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 5 });
		await tab.mouse.click(box.x + box.width / 4, box.y + box.height / 4);
		await tab.keyboard.down("ArrowRight");
	}
	for (const [i, tab] of tabs.entries()) {
		await tab.screenshot({ path: `${pictures}/tab-${i + 1}.png` });
		console.log(`tab ${i + 1}: ${await tab.textContent("#status")}`);
	}
} finally {
	await browser.close();
}
if (troubles.length) {
	console.error(troubles.join("\n"));
	process.exit(1);
}
