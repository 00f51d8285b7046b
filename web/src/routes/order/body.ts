import type { ActBody } from "../../data/act";

/** The request for an act, out of what was filled in. Empty answers are left out: absent is not empty. */
export function bodyOf(
  kind: string,
  forKey: string,
  values: Record<string, string | undefined>,
  lines: { line: string; quantity: number }[],
  pictures: string[] = [],
): ActBody {
  const body: Record<string, unknown> = { kind };
  if (forKey) body.for = forKey;
  const courier: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    const v = value?.trim();
    if (!v) continue;
    const part = /^courier[._](name|phone)$/.exec(name)?.[1];
    if (part) courier[part] = v;
    else body[name] = v;
  }
  if (Object.keys(courier).length > 0) body.courier = { name: "", phone: "", ...courier };
  if (lines.length > 0) body.lines = lines;
  if (pictures.length > 0) body.pictures = pictures;
  return body as ActBody;
}
