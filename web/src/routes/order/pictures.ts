/** The addresses in what somebody typed: parted by spaces, commas or lines. */
export const addressesIn = (text: string): string[] => text.split(/[\s,，]+/).filter((a) => a !== "");
