import { useId, useState } from "react";
import type { FrontPower } from "../../data/model";
import { Sheet } from "../../ui/Sheet";
import { useWords } from "../../words";
import { Extent } from "./Extent";
import { Systems } from "./ShopProfile";
import { mostText, type Point, readShape, type System } from "./shape";

type Props = {
  power: FrontPower;
  /** The area whose shape is given; undefined: a new one, which is named first. */
  code: string | undefined;
  /** Codes that are taken. */
  taken: readonly string[];
  take: (code: string, shape: Point[], system: System) => void;
  close: () => void;
};

/** A shape for an area, pasted or from a file, in a coordinate system that somebody has chosen. It is checked here as far as it can be read. */
export function ShapeForm({ power, code: given, taken, take, close }: Props) {
  const { t } = useWords();
  const id = useId();
  const [code, setCode] = useState("");
  const [typed, setTyped] = useState("");
  const [system, setSystem] = useState<System | "">("");
  const read = readShape(typed, power);
  const name = (given ?? code).trim();
  const used = given === undefined && taken.includes(name);
  const shape = "flaw" in read ? undefined : read.shape;
  const many = shape !== undefined && power.corners > 0 && shape.length > power.corners;
  const ready = shape !== undefined && !many && system !== "" && name !== "" && !used;
  return (
    <Sheet
      wide
      title={given === undefined ? t("front.newArea") : t("front.newShapeOf", { code: given })}
      close={close}
      footer={
        <>
          <button type="button" className="btn" onClick={close}>
            {t("do.cancel")}
          </button>
          <button
            type="button"
            className="btn primary"
            disabled={!ready}
            onClick={() => {
              if (!ready) return;
              take(name, shape, system);
              close();
            }}
          >
            {t("front.takeShape")}
          </button>
        </>
      }
    >
      <div className="front-shape">
        {given === undefined ? (
          <label className="field">
            <span>{t("front.areaCode")}</span>
            <input
              className="input mono"
              maxLength={128}
              value={code}
              aria-invalid={used || undefined}
              aria-describedby={`${id}-code`}
              onChange={(e) => setCode(e.target.value)}
            />
            <small id={`${id}-code`} className={used ? "bad" : "quiet"}>
              {t(used ? "front.codeTaken" : "front.areaCodeHelp")}
            </small>
          </label>
        ) : null}
        <Systems value={system} set={setSystem} label={t("front.system")} />
        <p className="quiet">{t("front.systemHelp")}</p>
        <label className="field" htmlFor={`${id}-text`}>
          <span>{t("front.corners")}</span>
        </label>
        <textarea
          id={`${id}-text`}
          className="input mono"
          rows={8}
          value={typed}
          spellCheck={false}
          aria-describedby={`${id}-help`}
          placeholder={"30.187200, 120.093100\n30.187200, 120.113100\n30.207200, 120.103100"}
          onChange={(e) => setTyped(e.target.value)}
        />
        <p id={`${id}-help`} className="quiet">
          {t("front.cornersHelp", { most: power.corners || "∞", kib: Math.floor(mostText / 1000) })}
        </p>
        <label className="btn front-file">
          {t("front.fromFile")}
          <input
            type="file"
            className="sr-only"
            accept=".json,.geojson,.txt,.csv,application/geo+json"
            data-testid="front-shape-file"
            onChange={(e) => {
              const file = e.target.files?.[0];
              e.target.value = "";
              if (file)
                void file
                  .slice(0, 4 * (mostText + 1))
                  .text()
                  .then(setTyped);
            }}
          />
        </label>
        <div role="status" data-testid="front-shape-read">
          {"flaw" in read ? (
            typed.trim() === "" ? null : (
              <p className="notice bad">{t(`front.flaw.${read.flaw}`)}</p>
            )
          ) : (
            <ul className="front-checks">
              <li>
                <b>
                  <Extent shape={read.shape} />
                </b>
              </li>
              <li>{t(read.closed ? "front.closed" : "front.closes")}</li>
              <li>{t(`front.order.${read.order}`)}</li>
              {many ? <li className="bad">{t("why.front_corners", { most: power.corners })}</li> : null}
              {system === "" ? <li className="bad">{t("front.chooseSystem")}</li> : null}
            </ul>
          )}
        </div>
      </div>
    </Sheet>
  );
}
