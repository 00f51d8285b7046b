import { useMutation } from "@tanstack/react-query";
import { enterPractice } from "../../data/practice";
import { useWords } from "../../words";
import { Frame, Refusal } from "./Enter";

/** What a page of a practice shows once that has ended: two ways on, and neither by accident. */
export function Over() {
  const { t } = useWords();
  const again = useMutation({ mutationFn: enterPractice });
  return (
    <Frame title={t("practice.over")} lead={t("practice.overLead")}>
      <div className="enter-form">
        <button type="button" className="btn primary enter-go" disabled={again.isPending} onClick={() => again.mutate()}>
          {t(again.isPending ? "practice.going" : "practice.again")}
        </button>
        <Refusal error={again.error} wrong={t("practice.off")} />
        <a className="btn enter-go" href="/orders">
          {t("practice.back")}
        </a>
      </div>
    </Frame>
  );
}
