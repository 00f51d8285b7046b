import { recall } from "../ui/device";

/** A value that this device keeps as JSON; `none` where there is nothing, or nothing that can be read. */
export function recallJSON<T>(key: string, none: T): T {
  try {
    const text = recall(key);
    return text ? (JSON.parse(text) as T) : none;
  } catch {
    return none;
  }
}
