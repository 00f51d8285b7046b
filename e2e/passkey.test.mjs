// Signing in by the phone's lock, with the browser's own virtual device.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, open, phone } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { until } from "./until.mjs";

scenes("signing in by the phone's lock", (s) => {
  test("a phone is registered, signs in without a name or password, and is removed", async () => {
    const { d, t } = s;
    const there = { ...d, url: d.url.replace("127.0.0.1", "localhost") }; // browsers tie keys to names only
    const somebody = await s.stranger({ screen: phone });
    const answer = await somebody.request.post(`${there.url}/api/v1/session`, { data: { name: "demo", password: d.password } });
    assert.equal(answer.status(), 200);
    const page = await open(somebody, there, "/me");
    const devtools = await somebody.newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    });
    const box = page.getByTestId("passkeys");
    await box.getByRole("button", { name: t("passkey.add") }).tap();
    const one = box.getByTestId("passkey");
    await until("it is listed", async () => (await one.count()) === 1);
    const { credentials } = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
    assert.equal(credentials.length, 1);
    assert.equal(credentials[0].isResidentCredential, true);
    assert.equal(credentials[0].rpId, "localhost");
    assert.deepEqual(await barriers(page), []);

    await page.getByRole("button", { name: t("me.signOut") }).tap();
    await page.waitForURL((u) => u.pathname === "/sign-in");
    assert.deepEqual(await barriers(page), []);
    await page.getByRole("button", { name: t("passkey.enter") }).tap();
    await page.waitForURL((u) => u.pathname === "/orders");
    await page.locator('[data-testid="network"][data-state="live"]').waitFor();

    // Somebody who is not the one: the lock does not open.
    await page.goto(`${there.url}/me`);
    await page.getByRole("button", { name: t("me.signOut") }).tap();
    await page.waitForURL((u) => u.pathname === "/sign-in");
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
    await page.getByRole("button", { name: t("passkey.enter") }).tap();
    await page.getByText(t("passkey.notShown")).waitFor();
    assert.equal(new URL(page.url()).pathname, "/sign-in");
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
    await page.getByRole("button", { name: t("passkey.enter") }).tap();
    await page.waitForURL((u) => u.pathname === "/orders");

    await page.goto(`${there.url}/me`);
    await one.getByRole("button").tap();
    await until("it is gone", async () => (await one.count()) === 0);
    await page.getByRole("button", { name: t("me.signOut") }).tap();
    await page.waitForURL((u) => u.pathname === "/sign-in");
    await page.getByRole("button", { name: t("passkey.enter") }).tap();
    await page.getByText(t("why.passkey_wrong")).waitFor();
  });
});
