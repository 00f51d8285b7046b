// A screen that nobody is signed in at shows a code; a manager types it in the console, and it is the store's from then on.

import { useEffect, useRef, useState } from "react";
import { root } from "../place";
import { call, Refusal } from "./net";
import { t } from "./words";

type Answer = { state: "none" | "waiting" | "paired"; code?: string };

const every = 3000;

export function Pairing({ kind, paired }: { kind: string; paired: () => void }) {
  const [code, setCode] = useState("");
  const [trouble, setTrouble] = useState("");
  const then = useRef(paired);
  then.current = paired;
  useEffect(() => {
    let left = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      let wait = every;
      try {
        let got = await call<Answer>("GET", "/pairing");
        if (got.state === "none") got = await call<Answer>("POST", "/pairing", { kind });
        if (left) return;
        setTrouble("");
        setCode(got.code || "");
        if (got.state === "paired") return then.current();
      } catch (e) {
        if (left) return;
        setTrouble(e instanceof Refusal && e.status === 429 ? t("pairSlow") : t("lost"));
        wait = 10_000;
      }
      timer = setTimeout(look, wait);
    };
    void look();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [kind]);
  return (
    <>
      <p className="pair-code num" data-testid="pair-code">
        {code ? `${code.slice(0, 3)} ${code.slice(3)}` : "···"}
      </p>
      {code ? (
        <img
          className="pair-qr"
          data-testid="pair-qr"
          src={`${root}/api/v1/pairing/qr?code=${code}`}
          alt={t("pairScan")}
          width="180"
          height="180"
        />
      ) : null}
      <p role="status">{trouble || t("pairWaiting")}</p>
    </>
  );
}
