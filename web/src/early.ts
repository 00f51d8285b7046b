// The first script of the page, small enough to run while the others are on their way: it asks for the texts and for what the first screen
// shows. On a paired screen that somebody has unlocked nothing is asked early, since that goes along with each question (data/unlock.ts).

import { askEarly } from "./data/early";
import { clock, ownZone } from "./format/time";
import { root } from "./place";
import { firstOf } from "./routes/orders/first";
import { recall } from "./ui/memory";
import { wanted } from "./words/choose";

void wanted()
  .load()
  .catch(() => {}); // the console asks again and says so

if (!recall("turn")) {
  const api = `${root}/api/v1`;
  askEarly(`${api}/session`);
  const first = firstOf(location);
  if (first?.order) void import("./routes/order/OrderPanel").catch(() => {}); // the router asks again and says so
  if (location.pathname === `${root}/sign-in`) askEarly(`${api}/session/ways`);
  if (first) {
    const { list, order } = first;
    if (list) askEarly(`${api}/orders`, { ...list, limit: 50 });
    if (order) askEarly(`${api}/orders/${order}`);
    askEarly(`${api}/counts`, first.counts);
    askEarly(`${api}/channels`);
    askEarly(`${api}/stores`);
    if (list?.sort === "due") askEarly(`${api}/orders`, { ...list, sort: "newest", limit: 50 });
  }
}

// While nothing else can be done: a browser needs some time for the first question about zones.
setTimeout(() => clock(Date.now(), ownZone()));
