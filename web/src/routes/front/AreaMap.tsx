import { useId } from "react";
import { usePhone } from "../../ui/device";
import { useWords } from "../../words";
import { layOut, outermost, type Point, type Shape, squareMetres } from "./shape";

/** How a line is drawn: one of many that are live; beside changes one that stays, one as it was, as it will be, as it goes. Never told by its colour alone. */
export type Drawn = { code: string; shape: Shape; as: "live" | "same" | "before" | "after" | "gone"; n: number };

/** Lines of areas that lie beside one another: by their dashes first, then by a colour. */
const dashes = ["", "9 4", "2 4", "12 4 2 4", "5 3", "16 5 3 5"];
const colours = ["var(--brand)", "var(--blue)", "var(--amber)", "var(--violet)"];

const line = (d: Drawn) =>
  d.as === "same"
    ? { stroke: "var(--text-3)", strokeWidth: 1.25 }
    : d.as === "before"
      ? { stroke: "var(--text-2)", strokeWidth: 1.5, strokeDasharray: "4 4" }
      : d.as === "gone"
        ? { stroke: "var(--red)", strokeWidth: 2.5, strokeDasharray: "1 5", strokeLinecap: "round" as const }
        : d.as === "after"
          ? { stroke: "var(--brand)", strokeWidth: 3 }
          : { stroke: colours[d.n % colours.length], strokeWidth: 2, strokeDasharray: dashes[d.n % dashes.length] };

/** The line of an area, to stand beside its name. */
export function LineSample({ drawn }: { drawn: Drawn }) {
  return (
    <svg className="front-line" width="44" height="12" aria-hidden="true">
      <path d="M2 6h40" fill="none" {...line(drawn)} />
    </svg>
  );
}

type Props = { drawn: readonly Drawn[]; place: Point | undefined; label: string };

/** The areas as they lie to one another and to the shop, without anybody's map: scale, north, and a name at each line. */
export function AreaMap({ drawn, place, label }: Props) {
  const { t } = useWords();
  const phone = usePhone();
  const hatch = useId();
  const sheet = layOut([...drawn.flatMap((d) => d.shape), ...(place ? [place] : [])], phone ? 332 : 720);
  if (!sheet) return null;
  const { width, height, at, bar } = sheet;
  const path = (g: Shape) =>
    `M${g
      .map((p) =>
        at(p)
          .map((v) => v.toFixed(1))
          .join(" "),
      )
      .join("L")}Z`;
  const km = (m: number) => (m >= 1000 ? t("front.km", { n: m / 1000 }) : t("front.metres", { n: m }));
  const spot = place && at(place);
  const large = [...drawn].filter((d) => d.shape.length > 2).sort((a, b) => squareMetres(b.shape) - squareMetres(a.shape)); // what lies inside is drawn over what lies round it
  return (
    <svg className="front-map" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label} data-testid="front-map">
      <defs>
        <pattern id={hatch} width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0v9" stroke="var(--brand)" strokeWidth="1" opacity="0.45" />
        </pattern>
      </defs>
      {large.map((d) => (
        <path
          key={`${d.as} ${d.code}`}
          data-area={d.code}
          data-as={d.as}
          d={path(d.shape)}
          strokeLinejoin="round"
          fill={d.as === "after" ? `url(#${hatch})` : "none"}
          {...line(d)}
        />
      ))}
      {spot ? (
        <g data-testid="front-spot">
          <path d={`M${spot[0]} ${spot[1] - 8}l8 8l-8 8l-8 -8z`} fill="var(--text)" stroke="var(--surface)" strokeWidth="2" />
          <text x={spot[0] + 12} y={spot[1] + 5} className="front-map-name">
            {t("front.spot")}
          </text>
        </g>
      ) : null}
      {large
        .filter((d) => d.as !== "before")
        .map((d) => {
          const corner = outermost(d.shape, d.n);
          if (!corner) return null;
          const [x, y] = at(corner);
          const end = x > width - 70 ? "end" : x < 70 ? "start" : "middle";
          return (
            <text
              key={`${d.as} ${d.code}`}
              x={x}
              y={y < 24 ? y + 18 : y > height - 24 ? y - 8 : y - 6}
              textAnchor={end}
              className="front-map-name"
            >
              {d.code.length > 14 ? `${d.code.slice(0, 13)}…` : d.code}
              {d.as === "gone" ? " ✕" : ""}
            </text>
          );
        })}
      <g className="front-map-scale">
        <path d={`M12 ${height - 18}v6h${bar.length.toFixed(1)}v-6`} fill="none" stroke="var(--text-2)" strokeWidth="1.5" />
        <text x="14" y={height - 20}>
          {km(bar.metres)}
        </text>
        <path d={`M${width - 18} 10l6 14l-6 -4l-6 4z`} fill="var(--text-2)" />
        <text x={width - 18} y="38" textAnchor="middle">
          {t("front.north")}
        </text>
      </g>
    </svg>
  );
}
