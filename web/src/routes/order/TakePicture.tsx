import { useRef } from "react";

/** Takes one picture, with the camera of a phone or out of what it has (camera: straight to the camera). */
export function TakePicture({
  label,
  busy,
  camera,
  take,
}: {
  label: string;
  busy: boolean;
  camera?: boolean;
  take: (photo: File) => void;
}) {
  const file = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={file}
        type="file"
        accept="image/*"
        capture={camera ? "environment" : undefined}
        hidden
        style={{ display: "none" }} // a dialog's styles draw inputs, hidden or not
        data-testid="evidence-file"
        onChange={(e) => {
          const photo = e.target.files?.[0];
          if (photo) take(photo);
          e.target.value = "";
        }}
      />
      <button type="button" className="btn small" disabled={busy} onClick={() => file.current?.click()}>
        {label}
      </button>
    </>
  );
}
