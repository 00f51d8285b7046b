// What this device remembers by itself. Storage may be forbidden (a private window); then it is asked again next time.

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`tongdan.${key}`, value);
  } catch {
    // private window
  }
}

export function recall(key: string): string {
  try {
    return localStorage.getItem(`tongdan.${key}`) ?? "";
  } catch {
    return "";
  }
}
