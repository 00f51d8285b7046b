import { expect, test } from "vitest";
import { type Press, progress, type ShopIntake, type StoreIntake } from "./intakes";

const shop = (shop_id: string, state: ShopIntake["state"]): ShopIntake => ({
  shop_id,
  state,
  channel: "meituan",
  mode: "full",
  until_at: 0,
  shown: { state: "open", since_at: 0, seen_at: 0, held: false },
});
const store = (...channels: ShopIntake[]): StoreIntake => ({
  store_id: "sto_1",
  name: "望京店",
  zone: "Asia/Shanghai",
  hours: "",
  opened_at: 0,
  channels,
});
const press = (until: number, ids: string[]): Press => ({ ids, until, refused: new Map() });

test("each shop of a press has a result of its own", () => {
  const stores = [store(shop("a", "resting"), shop("b", "sending")), store(shop("c", "failed"), shop("d", "open"))];
  expect(progress(press(1, ["a", "b", "c", "gone"]), stores)).toEqual({ done: ["a"], waiting: ["b"], failed: ["c", "gone"] });
  expect(progress(press(0, ["d", "a"]), stores)).toEqual({ done: ["d"], waiting: ["a"], failed: [] });
});

test("what the service refused at once has failed, whatever the shop shows", () => {
  const p = { ...press(0, ["d"]), refused: new Map([["d", { shop_id: "d", ok: false }]]) };
  expect(progress(p, [store(shop("d", "open"))]).failed).toEqual(["d"]);
});
