/** Bytes that the service takes of one picture, with room for what base64 adds. */
const most = 680 * 1024;

/**
 * A photo made small enough to send, as base64 of a JPEG. Drawn anew it has no place and no camera in it any more. It fails for what
 * is no picture.
 */
export async function shrink(file: Blob): Promise<string> {
  const image = await createImageBitmap(file);
  try {
    for (let side = 1600; ; side = Math.round(side * 0.75)) {
      const scale = Math.min(1, side / Math.max(image.width, image.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(image.width * scale));
      canvas.height = Math.max(1, Math.round(image.height * scale));
      canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
      const url = canvas.toDataURL("image/jpeg", 0.82);
      const base64 = url.slice(url.indexOf(",") + 1);
      if ((base64.length * 3) / 4 <= most || side < 200) return base64;
    }
  } finally {
    image.close();
  }
}
