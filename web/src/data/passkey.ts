// Signing in by the device's lock: what the browser is asked and what it answers. The service does the judging.

import { answer, api } from "./api";

/** Whether this page may ask at all: browsers want HTTPS, or the machine itself by its name, and a name rather than an address. */
export const hasLock = (): boolean =>
  typeof PublicKeyCredential !== "undefined" && window.isSecureContext && !/^[\d.]+$|^\[/.test(location.hostname);

/** The person closed the device's question, or it knows no key for us. That is no error. */
export class NotShown extends Error {}

const text = (b: ArrayBuffer | null | undefined): string =>
  b
    ? btoa(String.fromCharCode(...new Uint8Array(b)))
        .replaceAll("+", "-")
        .replaceAll("/", "_")
        .replaceAll("=", "")
    : "";
const bytes = (s: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(s.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

async function ask(asking: Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const got = await asking;
    if (got instanceof PublicKeyCredential) return got;
  } catch (e) {
    if (!(e instanceof DOMException) || !["NotAllowedError", "AbortError", "InvalidStateError"].includes(e.name)) throw e;
    if (e.name === "InvalidStateError") throw e; // this device is registered already
  }
  throw new NotShown();
}

/** Registers this device for whoever is signed in. */
export async function register(): Promise<void> {
  const a = await answer(api.POST("/api/v1/me/passkeys/begin"));
  const made = await ask(
    navigator.credentials.create({
      publicKey: {
        challenge: bytes(a.challenge),
        rp: { id: a.host, name: "通单 Tongdan" },
        user: { id: bytes(a.handle), name: a.name, displayName: a.name },
        pubKeyCredParams: (a.algorithms ?? []).map((alg) => ({ type: "public-key", alg })),
        excludeCredentials: (a.known ?? []).map((id) => ({ type: "public-key", id: bytes(id) })),
        authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
        attestation: "none",
        timeout: 120_000,
      },
    }),
  );
  const r = made.response as AuthenticatorAttestationResponse;
  await answer(
    api.POST("/api/v1/me/passkeys", {
      body: { client_data: text(r.clientDataJSON), auth_data: text(r.getAuthenticatorData()), public_key: text(r.getPublicKey()) },
    }),
  );
}

/** Signs in by a key that this device holds for us; it shows which ones there are. */
export async function signInByLock() {
  const a = await answer(api.POST("/api/v1/session/passkey/begin"));
  const shown = await ask(
    navigator.credentials.get({
      publicKey: { challenge: bytes(a.challenge), rpId: a.host, userVerification: "required", timeout: 120_000 },
    }),
  );
  const r = shown.response as AuthenticatorAssertionResponse;
  return answer(
    api.POST("/api/v1/session/passkey", {
      body: {
        id: text(shown.rawId),
        client_data: text(r.clientDataJSON),
        auth_data: text(r.authenticatorData),
        signature: text(r.signature),
        handle: text(r.userHandle),
      },
    }),
  );
}
