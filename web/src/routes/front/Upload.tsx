import { useMutation } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";
import { answer, api, Failure, onceKey } from "../../data/api";
import type { FrontPower } from "../../data/model";
import { useWords } from "../../words";
import { shrink } from "../order/shrink";

type Props = { shop: string; power: FrontPower; what: string; set: (picture: string) => void; disabled?: boolean };

const dataOf = (file: Blob) =>
  new Promise<string>((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result));
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(file);
  });

/** The first of two steps to another picture: the platform takes it and names it. Nobody sees it before an edit names it. */
export function Upload({ shop, power, what, set, disabled }: Props) {
  const { t } = useWords();
  const file = useRef<HTMLInputElement>(null);
  const limits = useId();
  const [shown, setShown] = useState("");
  const up = useMutation({
    mutationFn: async (photo: File) => {
      const end = photo.name.split(".").pop()?.toLowerCase() ?? "";
      const small = power.pictures.includes(end) && (power.picture_max === 0 || photo.size <= power.picture_max);
      const data = small ? await dataOf(photo) : `data:image/jpeg;base64,${await shrink(photo)}`;
      setShown(data);
      const { picture } = await answer(
        api.POST("/api/v1/shops/{id}/pictures", {
          params: { path: { id: shop }, header: { "Idempotency-Key": onceKey() } },
          body: { name: small ? `picture.${end}` : "picture.jpg", picture: data.slice(data.indexOf(",") + 1) },
        }),
      );
      return picture;
    },
    onSuccess: set,
    onError: () => setShown(""),
  });
  if (power.pictures.length === 0) return null;
  return (
    <div className="front-upload">
      <input
        ref={file}
        type="file"
        accept={power.pictures.map((p) => `.${p}`).join(",")}
        hidden
        data-testid="front-picture"
        onChange={(e) => {
          const photo = e.target.files?.[0];
          if (photo) up.mutate(photo);
          e.target.value = "";
        }}
      />
      <button
        type="button"
        className="btn small"
        disabled={disabled || up.isPending}
        aria-label={up.isPending ? undefined : t("front.uploadOf", { what })}
        aria-describedby={limits}
        onClick={() => file.current?.click()}
      >
        {t(up.isPending ? "front.uploading" : "front.upload")}
      </button>
      <small id={limits} className="quiet">
        {t("front.uploadLimits", { kinds: power.pictures.join(", ").toUpperCase(), kib: Math.floor(power.picture_max / 1024) })}
      </small>
      {shown ? <img src={shown} alt={t("front.uploadedOf", { what })} /> : null}
      {up.isSuccess ? <small role="status">{t("front.uploaded")}</small> : null}
      {up.error ? (
        <small className="bad" role="alert">
          {up.error instanceof Failure ? up.error.message || t("state.failedHelp") : t("evidence.noPicture")}
        </small>
      ) : null}
    </div>
  );
}
