import { useEffect, useRef, useState } from "react";
import { Sheet } from "../../ui/Sheet";
import { useWords } from "../../words";

type Detector = { detect: (from: HTMLVideoElement) => Promise<{ rawValue: string }[]> };
type Detectors = new (options?: { formats: string[] }) => Detector;

const detectors = (): Detectors | undefined => (window as unknown as { BarcodeDetector?: Detectors }).BarcodeDetector;

/** Whether this browser reads codes by its camera: not on plain http, and not in every browser. */
export const hasCamera = (): boolean => Boolean(detectors() && navigator.mediaDevices?.getUserMedia);

/** Looks through the camera until it sees a code. */
export function Camera({ found, close }: { found: (code: string) => void; close: () => void }) {
  const { t } = useWords();
  const video = useRef<HTMLVideoElement>(null);
  const [failed, setFailed] = useState(false);
  const latest = useRef(found);
  latest.current = found;
  useEffect(() => {
    let over = false;
    let stream: MediaStream | undefined;
    const watch = async () => {
      const Reader = detectors();
      if (!Reader) throw new Error("no reader of codes");
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      const screen = video.current;
      if (over || !screen) return;
      screen.srcObject = stream;
      await screen.play();
      const reader = new Reader();
      while (!over) {
        const code = (await reader.detect(screen).catch(() => []))[0]?.rawValue.trim();
        if (code && !over) return latest.current(code);
        await new Promise((done) => setTimeout(done, 150));
      }
    };
    watch()
      .catch(() => !over && setFailed(true))
      .finally(() => over && stop());
    const stop = () => {
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    return () => {
      over = true;
      stop();
    };
  }, []);
  return (
    <Sheet title={t("pickup.camera")} close={close}>
      {failed ? (
        <p className="notice warn" role="alert">
          {t("pickup.cameraNo")}
        </p>
      ) : (
        <video ref={video} className="pickup-video" muted playsInline aria-label={t("pickup.camera")} />
      )}
    </Sheet>
  );
}
