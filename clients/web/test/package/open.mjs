// Opens pages in a headless Chromium and waits until each says that it has played. Arguments: Chromium's program, then URLs.
import { createRequire } from "node:module";

const [executablePath, ...urls] = process.argv.slice(2);
const { chromium } = createRequire(process.env.MODULES + "/")("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const troubles = [];
try {
	for (const url of urls) {
		const page = await browser.newPage();
		page.on("pageerror", (e) => troubles.push(`${url}: ${e}`));
		await page.goto(url);
		const walked = page.waitForFunction(() => document.getElementById("status")?.textContent.endsWith("walked"), undefined, { timeout: 60_000 });
		await walked.catch(async (e) => troubles.push(`${url}: ${e}; it says ${await page.textContent("body")}`));
		console.log(`${new URL(url).pathname}: ${await page.textContent("#status")}`);
		await page.close();
	}
} finally {
	await browser.close();
}
if (troubles.length) {
	console.error(troubles.join("\n"));
	process.exit(1);
}
