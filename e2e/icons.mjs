// The icons of the installed console, drawn by the browser from the one favicon.svg: `npm run icons` writes web/public/icons.
// A maskable one may be cut to a circle of four fifths of its width, so it has the ground to its edges and the mark inside.

import { mkdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openBrowser } from "./browser.mjs";

const folder = fileURLToPath(new URL("../web/public/icons/", import.meta.url));
const mark = await readFile(new URL("../web/public/favicon.svg", import.meta.url), "utf8");
await mkdir(folder, { recursive: true });
const browser = await openBrowser();
for (const [file, size, whole] of [
  ["192.png", 192, false],
  ["512.png", 512, false],
  ["maskable-512.png", 512, true],
  ["180.png", 180, true], // iOS rounds the corners itself
]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const svg = whole ? mark.replace('viewBox="0 0 32 32"', 'viewBox="-3 -3 38 38"').replace(/<rect[^>]*>/, '<rect x="-3" y="-3" width="38" height="38" fill="#0b7a63"/>') : mark;
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
  await page.screenshot({ path: folder + file, omitBackground: true });
  await page.close();
}
await browser.close();
