import { useWords } from "../../words";
import { type Shape, squareMetres } from "./shape";

/** How large an area is: square kilometres and corners. */
export function Extent({ shape }: { shape: Shape }) {
  const { t, language } = useWords();
  if (shape.length === 0) return t("front.noShape");
  const km2 = squareMetres(shape) / 1e6;
  const digits = km2 < 10 ? 2 : 1;
  const figure = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return t("front.extent", { km2: figure.format(km2), count: shape.length });
}
