import { expect, test } from "vitest";
import type { Level, Line } from "../../data/model";
import { levelOf } from "./levels";

const level = (code: string, offers: Level["offers"] = []): Level => ({ code, sellable: 5, on_hand: 5, reserved: 0, offers });
const line = (ref: string, sku: string) => ({ ref, sku }) as Line;
const offer = (shop_id: string, item: string, variation = "") => ({ shop_id, item, variation });

test("a binding goes before a code, in its own shop only", () => {
  const levels = [level("T001-L"), level("TEA-BIG", [offer("shp_1", "T001", "T001-L")])];
  expect(levelOf(levels, "shp_1", line("T001", "T001-L"))?.code).toBe("TEA-BIG");
  expect(levelOf(levels, "shp_2", line("T001", "T001-L"))?.code).toBe("T001-L");
  expect(levelOf(levels, "shp_1", line("T001", "T001-M"))).toBeUndefined();
});

test("a binding without a variation is for all of them, and no code fits nothing", () => {
  expect(levelOf([level("A", [offer("shp_1", "T001")])], "shp_1", line("T001", "T001-M"))?.code).toBe("A");
  expect(levelOf([level("")], "shp_1", line("", ""))).toBeUndefined();
});
