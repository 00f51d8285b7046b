// The first screen's style sheets stand in the page itself: without them nothing is drawn, and on a thin line each is a way to the
// service and back after the page. They are 8 KB together, compressed, and go along with it.

import type { Plugin } from "vite";

/** A part of the build for Vite; stands after what else names style sheets in the page. */
export function inline(): Plugin {
  return {
    name: "inline",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle }) =>
        html.replace(/<link rel="stylesheet"[^>]* href="\/([^"]+)">/g, (link, name) => {
          const sheet = bundle?.[name];
          if (sheet?.type !== "asset") return link;
          const rules = String(sheet.source).trim();
          if (rules.includes("</") || rules.includes("url(.")) return link;
          // A link that is not followed tells the loader of modules that these rules are here.
          return `<style>${rules}</style>\n    <link rel="stylesheet" disabled href="/${name}">`;
        }),
    },
  };
}
