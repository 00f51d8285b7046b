// The shop floor's screens, /kitchen and /callout, are a bundle of their own: no router, no forms, and nothing newer than the
// browser of a tablet from early 2018. src/floor/oldest.test.ts holds the built files to it.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { inline } from "./inline.ts";

/** The oldest Chromium that these screens are built for. */
export const oldest = "chrome64";

export default defineConfig({
  plugins: [react(), inline()],
  build: {
    target: oldest,
    cssTarget: oldest,
    emptyOutDir: false, // the console's own build is there already
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: { input: "floor.html" },
  },
});
