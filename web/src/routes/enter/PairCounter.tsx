import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { answer, api, Failure } from "../../data/api";
import { setTurn } from "../../data/unlock";
import { root } from "../../place";
import { useWords } from "../../words";
import { grouped } from "../devices/devices";
import { Frame } from "./Enter";

const every = 3000;

/** A counter's computer shows a code and waits for a manager to type it elsewhere; from then on it is the store's. */
export function PairCounter() {
  const { t } = useWords();
  const client = useQueryClient();
  const router = useRouter();
  const navigate = useNavigate();
  const [code, setCode] = useState("");
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let left = false;
    const look = async () => {
      let wait = every;
      try {
        let got = await answer(api.GET("/api/v1/pairing"));
        if (got.state === "none") got = await answer(api.POST("/api/v1/pairing", { body: { kind: "counter_screen" } }));
        if (left) return;
        setTrouble("");
        setCode(got.code ?? "");
        if (got.state === "paired") {
          setTurn(undefined);
          client.clear();
          await router.invalidate();
          await navigate({ to: "/orders", search: {} });
          return;
        }
      } catch (e) {
        if (left) return;
        setTrouble(e instanceof Failure && e.message ? e.message : t("state.offline"));
        wait = 10_000;
      }
      timer = setTimeout(look, wait);
    };
    void look();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [client, router, navigate, t]);
  return (
    <Frame title={t("device.counterTitle")} lead={t("device.counterLead")}>
      <p className="pair-code num" data-testid="pair-code">
        {code ? grouped(code) : "···"}
      </p>
      {code ? (
        <img
          className="pair-qr"
          data-testid="pair-qr"
          src={`${root}/api/v1/pairing/qr?code=${code}`}
          alt={t("device.scan")}
          width="180"
          height="180"
        />
      ) : null}
      <p role="status">{trouble || t("device.waiting")}</p>
      <a className="link" href="/sign-in">
        {t("device.back")}
      </a>
    </Frame>
  );
}
