import "./old";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Callout } from "../routes/callout/Callout";
import { Kitchen } from "../routes/kitchen/Kitchen";
import { Door } from "./Door";
import "./floor.css";
import { language } from "./words";

document.documentElement.lang = language;
const callout = location.pathname.indexOf("/callout") === 0;
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Door title={callout ? "callout" : "kitchen"}>{(place) => (callout ? <Callout place={place} /> : <Kitchen place={place} />)}</Door>
    </StrictMode>,
  );
}
