// Writes a .br and a .gz twin beside every large text file of dist. The Go handler sends whichever the browser accepts, so nothing
// is compressed while orders are waiting.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = new URL("./dist/", import.meta.url).pathname;
for (const name of readdirSync(folder, { recursive: true })) {
  if (!/\.(js|css|svg|html|webmanifest)$/.test(name)) continue;
  const file = join(folder, name);
  const plain = readFileSync(file);
  if (plain.length < 1024) continue;
  writeFileSync(`${file}.br`, brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  writeFileSync(`${file}.gz`, gzipSync(plain, { level: 9 }));
}
