// What is shown of a customer before somebody asks: enough to call the right one at the counter, not enough to find the person at home.

/** 张** for 张(女士), L** for Luis Domínguez. */
export function veiledName(name: string): string {
  const [first] = [...name.trim()];
  return first ? `${first}**` : "";
}

/** The last four digits, which the counter asks for; the rest stays covered. */
export function veiledPhone(phone: string): string {
  const digits = phone.replace(/\D/g, "");
  return digits.length > 4 ? `*** ${digits.slice(-4)}` : phone ? "***" : "";
}

/** Where it goes without the door: the part of an address before its first digit, at most twelve characters. */
export function veiledPlace(city: string, address: string): string {
  const area = /^\D*/.exec(address)?.[0] ?? "";
  const short = [...area.trim()].slice(0, 12).join("");
  return [city, short ? `${short}***` : address ? "***" : ""].filter(Boolean).join(" ");
}
