import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from "@tanstack/react-router";
import { session } from "./data/queries";
import { root as place, practising } from "./place";
import { readFilter } from "./routes/orders/filter";
import { Bones, State, Trouble } from "./ui/Screen";
import { useWords } from "./words";

type Context = { client: QueryClient };

function Lost() {
  const { t } = useWords();
  return (
    <State
      icon="unclear"
      title={t("state.noPage")}
      action={
        <a className="btn" href={`${place}/orders`}>
          {t("nav.orders")}
        </a>
      }
    />
  );
}

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: Lost,
  errorComponent: ({ error, reset }) => <Trouble error={error} retry={reset} />,
});

const text = (v: unknown) => (typeof v === "string" ? v : undefined);

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (s: Record<string, unknown>): { next?: string } => ({ next: text(s.next) }),
  component: practising
    ? lazyRouteComponent(() => import("./routes/enter/Over"), "Over")
    : lazyRouteComponent(() => import("./routes/enter/Enter"), "SignIn"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  validateSearch: (s: Record<string, unknown>): { token?: string } => ({ token: text(s.token) }),
  component: lazyRouteComponent(() => import("./routes/enter/Enter"), "Setup"),
});

const join = createRoute({
  getParentRoute: () => root,
  path: "/join",
  component: lazyRouteComponent(() => import("./routes/enter/Join"), "Join"),
});

const pair = createRoute({
  getParentRoute: () => root,
  path: "/pair",
  component: lazyRouteComponent(() => import("./routes/enter/PairCounter"), "PairCounter"),
});
const knock = createRoute({
  getParentRoute: () => root,
  path: "/k",
  component: lazyRouteComponent(() => import("./routes/enter/Knock"), "Knock"),
});

const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: async ({ context, location }) => {
    const user = await context.client.ensureQueryData(session);
    if (!user) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
  pendingComponent: () => <Bones rows={6} height={64} />,
  component: lazyRouteComponent(() => import("./shell/Shell"), "Shell"),
});

const home = createRoute({
  getParentRoute: () => inside,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/orders", search: {} });
  },
});

const orders = createRoute({
  getParentRoute: () => inside,
  path: "/orders",
  validateSearch: readFilter,
  component: lazyRouteComponent(() => import("./routes/orders/Orders"), "Orders"),
});

const order = createRoute({
  getParentRoute: () => orders,
  path: "$orderId",
  component: lazyRouteComponent(() => import("./routes/order/OrderPanel"), "OrderPanel"),
});

const shopMenu = createRoute({
  getParentRoute: () => inside,
  path: "/shops/$shopId/menu",
  component: lazyRouteComponent(() => import("./routes/front/ShopMenu"), "ShopMenu"),
});
const shopProfile = createRoute({
  getParentRoute: () => inside,
  path: "/shops/$shopId/profile",
  component: lazyRouteComponent(() => import("./routes/front/ShopProfile"), "ShopProfile"),
});
const shopAreas = createRoute({
  getParentRoute: () => inside,
  path: "/shops/$shopId/areas",
  component: lazyRouteComponent(() => import("./routes/front/ShopAreas"), "ShopAreas"),
});
const connections = createRoute({
  getParentRoute: () => inside,
  path: "/connections",
  component: lazyRouteComponent(() => import("./routes/connections/Connections"), "Connections"),
});
const newConnection = createRoute({
  getParentRoute: () => inside,
  path: "/guide",
  validateSearch: (s: Record<string, unknown>): { channel?: string } => ({ channel: text(s.channel) }),
  component: lazyRouteComponent(() => import("./routes/guide/NewConnection"), "NewConnection"),
});
const guide = createRoute({
  getParentRoute: () => inside,
  path: "/guide/$accountId",
  component: lazyRouteComponent(() => import("./routes/guide/GuidePage"), "GuidePage"),
});
const parked = createRoute({
  getParentRoute: () => inside,
  path: "/parked",
  component: lazyRouteComponent(() => import("./routes/parked/Parked"), "ParkedMessages"),
});
const unclear = createRoute({
  getParentRoute: () => inside,
  path: "/unclear",
  component: lazyRouteComponent(() => import("./routes/unclear/Unclear"), "Unclear"),
});
const status = createRoute({
  getParentRoute: () => inside,
  path: "/status",
  component: lazyRouteComponent(() => import("./routes/status/Status"), "Status"),
});
const statements = createRoute({
  getParentRoute: () => inside,
  path: "/statements",
  component: lazyRouteComponent(() => import("./routes/statements/Statements"), "Statements"),
});
const history = createRoute({
  getParentRoute: () => inside,
  path: "/history",
  component: lazyRouteComponent(() => import("./routes/history/History"), "History"),
});
const comments = createRoute({
  getParentRoute: () => inside,
  path: "/comments",
  component: lazyRouteComponent(() => import("./routes/comments/Comments"), "Comments"),
});
const intakes = createRoute({
  getParentRoute: () => inside,
  path: "/intakes",
  component: lazyRouteComponent(() => import("./routes/intakes/Intakes"), "Intakes"),
});
const board = createRoute({
  getParentRoute: () => inside,
  path: "/board",
  component: lazyRouteComponent(() => import("./routes/board/Board"), "StoreBoard"),
});
const messages = createRoute({
  getParentRoute: () => inside,
  path: "/messages",
  component: lazyRouteComponent(() => import("./routes/board/Messages"), "Messages"),
});
const entry = createRoute({
  getParentRoute: () => inside,
  path: "/entry",
  component: lazyRouteComponent(() => import("./routes/entry/Entry"), "Entry"),
});
const pickup = createRoute({
  getParentRoute: () => inside,
  path: "/pickup",
  component: lazyRouteComponent(() => import("./routes/pickup/Pickup"), "Pickup"),
});
const people = createRoute({
  getParentRoute: () => inside,
  path: "/people",
  component: lazyRouteComponent(() => import("./routes/people/People"), "People"),
});
const keys = createRoute({
  getParentRoute: () => inside,
  path: "/keys",
  component: lazyRouteComponent(() => import("./routes/keys/Keys"), "ApiKeys"),
});
const devices = createRoute({
  getParentRoute: () => inside,
  path: "/devices",
  component: lazyRouteComponent(() => import("./routes/devices/Devices"), "Devices"),
});
const notify = createRoute({
  getParentRoute: () => inside,
  path: "/notify",
  component: lazyRouteComponent(() => import("./routes/notify/Notify"), "Notify"),
});
const printers = createRoute({
  getParentRoute: () => inside,
  path: "/printers",
  component: lazyRouteComponent(() => import("./routes/printers/Printers"), "Printers"),
});
const deliveries = createRoute({
  getParentRoute: () => inside,
  path: "/deliveries",
  component: lazyRouteComponent(() => import("./routes/deliveries/Riders"), "Riders"),
});
const money = createRoute({
  getParentRoute: () => inside,
  path: "/money",
  component: lazyRouteComponent(() => import("./routes/money/Money"), "Money"),
});
const rules = createRoute({
  getParentRoute: () => inside,
  path: "/rules",
  component: lazyRouteComponent(() => import("./routes/rules/Rules"), "Rules"),
});
const refunds = createRoute({
  getParentRoute: () => inside,
  path: "/refunds",
  component: lazyRouteComponent(() => import("./routes/refunds/Refunds"), "Refunds"),
});
const opening = createRoute({
  getParentRoute: () => inside,
  path: "/opening",
  validateSearch: (s: Record<string, unknown>): { store?: string | undefined; part?: "closing" | undefined } => ({
    store: text(s.store),
    part: s.part === "closing" ? "closing" : undefined,
  }),
  component: lazyRouteComponent(() => import("./routes/opening/OpeningCheck"), "OpeningCheck"),
});
const me = createRoute({
  getParentRoute: () => inside,
  path: "/me",
  component: lazyRouteComponent(() => import("./routes/me/Me"), "Me"),
});
const kit = createRoute({
  getParentRoute: () => inside,
  path: "/_kit",
  component: lazyRouteComponent(() => import("./routes/kit/Kit"), "Kit"),
});

const tree = root.addChildren([
  signIn,
  setup,
  join,
  pair,
  knock,
  inside.addChildren([
    home,
    orders.addChildren([order]),
    connections,
    shopMenu,
    shopProfile,
    shopAreas,
    newConnection,
    guide,
    parked,
    unclear,
    statements,
    history,
    comments,
    status,
    board,
    intakes,
    messages,
    entry,
    pickup,
    people,
    keys,
    devices,
    notify,
    printers,
    deliveries,
    money,
    rules,
    refunds,
    opening,
    me,
    kit,
  ]),
]);

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    basepath: place || "/",
    context: { client },
    defaultPendingMs: 400,
    // The order centre keeps its own place (ui/place.ts): opening and closing an order must not move the list behind it.
    scrollRestoration: ({ location }) => !location.pathname.startsWith("/orders"),
    defaultErrorComponent: ({ error, reset }) => <Trouble error={error} retry={reset} />,
  });
}
