// What makes the console a program on the home screen: a manifest in each language, and the service worker with the list of files that
// this build consists of.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin, Rolldown } from "vite";
import { words as en } from "./src/words/en.ts";
import { words as es } from "./src/words/es.ts";
import { words as ptBR } from "./src/words/pt-BR.ts";
import { words as zhCN } from "./src/words/zh-CN.ts";

const languages = { "zh-CN": zhCN, en, es, "pt-BR": ptBR };
const icons = ["/icons/192.png", "/icons/512.png", "/icons/maskable-512.png"];

function manifest(lang: keyof typeof languages): string {
  const t = languages[lang];
  const icon = (src: string, purpose: string) => ({ src, purpose, sizes: /512/.test(src) ? "512x512" : "192x192", type: "image/png" });
  return JSON.stringify({
    id: "/", // one program in every language: another language does not install a second one
    lang,
    name: t.install.name,
    short_name: t.brand,
    description: t.enter.lead,
    start_url: "/orders",
    scope: "/",
    display: "standalone",
    background_color: "#f3f6f5",
    theme_color: "#0b7a63",
    categories: ["business"],
    icons: icons.map((src) => icon(src, /maskable/.test(src) ? "maskable" : "any")),
    shortcuts: [
      { name: t.tab.new, url: "/orders?tab=new", icons: [icon("/icons/192.png", "any")] },
      { name: t.nav.messages, url: "/messages", icons: [icon("/icons/192.png", "any")] },
    ],
  });
}

// What the first screen needs besides the entry: asked for together with it instead of after it has run.
const first = ["src/shell/Shell.tsx", "src/routes/orders/Orders.tsx"];

/** The files of the first screen that index.html does not name itself. */
function ahead(html: string, bundle: Rolldown.OutputBundle): string[] {
  const files = new Set<string>();
  const add = (name: string) => {
    const chunk = bundle[name];
    if (files.has(name) || chunk?.type !== "chunk") return;
    files.add(name);
    for (const style of chunk.viteMetadata?.importedCss ?? []) files.add(style);
    chunk.imports.forEach(add);
  };
  for (const chunk of Object.values(bundle)) {
    if (
      chunk.type === "chunk" &&
      first.some((end) => chunk.facadeModuleId?.endsWith(end) || chunk.moduleIds.some((id) => id.endsWith(end)))
    )
      add(chunk.fileName);
  }
  return [...files].filter((name) => !html.includes(name));
}

/** A part of the build for Vite: names the first screen's files in index.html, and writes manifest.<language>.webmanifest and worker.js beside it. */
export function install(): Plugin {
  return {
    name: "install",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle }) =>
        ahead(html, bundle ?? {}).map((name) => ({
          tag: "link",
          attrs: { rel: name.endsWith(".css") ? "stylesheet" : "modulepreload", crossorigin: true, href: `/${name}` },
          injectTo: "head",
        })),
    },
    generateBundle: {
      order: "post", // when index.html is there
      handler(_options, bundle) {
        for (const lang of Object.keys(languages) as (keyof typeof languages)[]) {
          this.emitFile({ type: "asset", fileName: `manifest.${lang}.webmanifest`, source: manifest(lang) });
        }
        const html = bundle["index.html"];
        if (html?.type !== "asset") return this.error("install: there is no index.html to keep");
        const built = Object.keys(bundle).filter((name) => name.startsWith("assets/"));
        const files = ["index.html", "favicon.svg", ...built].map((name) => `/${name}`).sort();
        const source = readFileSync(new URL("./worker.js", import.meta.url), "utf8");
        const page = createHash("sha256").update(html.source).digest("base64");
        const version = createHash("sha256").update(source).update(files.join()).update(page).digest("hex").slice(0, 12);
        const filled = source
          .replace("__VERSION__", version)
          .replace("__FILES__", JSON.stringify(files))
          .replace("__PAGE__", `sha256-${page}`);
        this.emitFile({ type: "asset", fileName: "worker.js", source: filled });
      },
    },
  };
}
