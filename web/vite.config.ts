import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { budget } from "./budget.ts";
import { inline } from "./inline.ts";
import { install } from "./install.ts";

// The service that the development server passes API calls on to.
const service = process.env.TONGDAN_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [
    react(),
    install(),
    inline(),
    // What a person needs before the first order is on the screen, in the heavier of the languages.
    budget("order centre", ["src/main.tsx", "src/shell/Shell.tsx", "src/routes/orders/Orders.tsx", "src/words/zh-CN.ts"], 250, 7),
    // The same with an order opened by its address, as from a knock: no screen's parts but its own.
    budget("an order", ["src/main.tsx", "src/shell/Shell.tsx", "src/routes/order/OrderPanel.tsx", "src/words/zh-CN.ts"], 250, 9),
  ],
  server: {
    port: 5173,
    proxy: { "/api": service, "/callback": service, "/healthz": service },
  },
  build: {
    target: "es2022",
    // The policy of the page allows no inline script, and every browser we support preloads modules by itself.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        // Few files for the first screen: on a thin line each one waits its turn. What sign-in needs too is the entry's.
        codeSplitting: {
          groups: [
            { name: "early", test: /rolldown\/runtime|src\/early\.ts$/, priority: 30 },
            { name: "index", test: /src\/main\.tsx$|\/react-dom\//, priority: 20 },
            { name: "centre", test: /src\/(shell\/Shell|routes\/orders\/Orders|ui\/Problem)\.tsx$/, priority: 10 },
            { name: "order", test: /src\/routes\/order\/OrderPanel\.tsx$/, priority: 5 },
          ],
        },
      },
    },
    assetsInlineLimit: 0,
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
