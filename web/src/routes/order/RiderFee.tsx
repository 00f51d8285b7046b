import { useQuery } from "@tanstack/react-query";
import type { FormInstance } from "antd/es/form";
import { useEffect } from "react";
import { answer, api } from "../../data/api";
import { formatMoney } from "../../format/money";
import { useWords } from "../../words";

/** What a rider costs now, asked for when the dialog opens: the sum that one then agrees to. */
export function RiderFee({ id, form }: { id: string; form: FormInstance }) {
  const { t } = useWords();
  const quote = useQuery({
    queryKey: ["rider_quote", id],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/orders/{id}/rider_quote", { params: { path: { id } }, signal })),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const fee = quote.data?.fee;
  const text = fee ? (fee.minor / 10 ** fee.digits).toFixed(fee.digits) : "";
  useEffect(() => {
    if (text) form.setFieldsValue({ amount: text });
  }, [form, text]);
  if (quote.error) return <p className="notice warn">{t("ask.feeFailed")}</p>;
  return (
    <p className="act-note" aria-live="polite">
      {t("ask.fee")} <b className="num">{fee ? formatMoney(fee) : "…"}</b> {quote.data?.words ?? ""}
    </p>
  );
}
