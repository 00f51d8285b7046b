import "./old";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { root as place, practising } from "../place";
import { Callout } from "../routes/callout/Callout";
import { Kitchen } from "../routes/kitchen/Kitchen";
import { Door } from "./Door";
import "./floor.css";
import { language, t } from "./words";

document.documentElement.lang = language;
const callout = location.pathname.indexOf(`${place}/callout`) === 0;
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      {practising ? (
        <p className="practice" data-testid="practice">
          <b>{t("practice")}</b> <a href={location.pathname.slice(place.length)}>{t("practiceEnd")}</a>
        </p>
      ) : null}
      <Door title={callout ? "callout" : "kitchen"}>{(place) => (callout ? <Callout place={place} /> : <Kitchen place={place} />)}</Door>
    </StrictMode>,
  );
}
