// What the first screen may weigh. The build fails when a screen's JavaScript, compressed as an ordinary server would, is over its budget:
// a counter computer on a shop's line has to show orders before the first one is late.

import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

/**
 * A part of the build for Vite.
 * @param screen what is measured, for the message
 * @param modules the modules that the screen loads, ends of their paths; what they import without being asked counts too
 * @param kilobytes how much they may weigh, in units of 1000 bytes of gzip
 * @param files how many scripts and style sheets they may come in: on a thin line each waits its turn
 */
export function budget(screen: string, modules: string[], kilobytes: number, files: number): Plugin {
  return {
    name: "budget",
    apply: "build",
    writeBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((c) => c.type === "chunk");
      const loaded = new Set<Rolldown.OutputChunk>();
      const load = (chunk: Rolldown.OutputChunk) => {
        if (loaded.has(chunk)) return;
        loaded.add(chunk);
        for (const name of chunk.imports) {
          const next = bundle[name];
          if (next?.type === "chunk") load(next);
        }
      };
      for (const end of modules) {
        const chunk = chunks.find((c) => c.moduleIds.some((id) => id.endsWith(end)));
        if (!chunk) return this.error(`${screen}: no chunk holds ${end}`);
        load(chunk);
      }
      const bytes = [...loaded].reduce((sum, c) => sum + gzipSync(c.code, { level: 9 }).length, 0);
      const sheets = new Set([...loaded].flatMap((c) => [...(c.viteMetadata?.importedCss ?? [])]));
      const count = loaded.size + sheets.size;
      const says = `${screen}: ${(bytes / 1000).toFixed(1)} of ${kilobytes} KB of JavaScript; ${count} of ${files} scripts and style sheets`;
      if (bytes > kilobytes * 1000) this.error(`${says}. Split a route, or load what is not needed at first later.`);
      if (count > files)
        this.error(
          `${says}. Something brings along another screen's parts: ${[...[...loaded].map((c) => c.fileName), ...sheets].join(", ")}`,
        );
      this.info(says);
    },
  };
}
