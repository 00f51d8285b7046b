import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { answer, api, Failure } from "../../data/api";
import { Bones, Trouble } from "../../ui/Screen";
import { useWords } from "../../words";
import { ByLock } from "./ByLock";
import { Frame, safeNext } from "./Enter";
import { PhoneForm } from "./PhoneForm";

/**
 * Where the link of a knock leads. What it signs in with stands behind the #, which no server and no previewer is sent; opening is a
 * call of its own. On a device where the person has signed in before it goes straight on, elsewhere a code goes to the phone.
 */
export function Knock() {
  const { t } = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  const [token] = useState(() => location.hash.slice(1));
  const open = useQuery({
    queryKey: ["knock", token],
    enabled: token !== "",
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => answer(api.POST("/api/v1/knock/open", { body: { token } })),
  });
  const next = safeNext(open.data?.path);
  const inside = open.data?.state === "in";
  useEffect(() => {
    if (!inside) return;
    client.removeQueries({ queryKey: ["session"] });
    void router.invalidate().then(() => navigate({ href: next, replace: true }));
  }, [inside, next, client, navigate, router]);
  const failed = open.error instanceof Failure && open.error.code !== "not_found" ? open.error : undefined;
  if (failed) {
    return (
      <Frame title={t("knock.opening")} lead="">
        <Trouble error={failed} retry={() => void open.refetch()} />
      </Frame>
    );
  }
  if (token === "" || open.error) {
    return (
      <Frame title={t("knock.gone")} lead={t("why.knock_link_gone")}>
        <Link to="/sign-in" search={{}} className="btn primary enter-go">
          {t("enter.go")}
        </Link>
      </Frame>
    );
  }
  if (!open.data || inside) {
    return (
      <Frame title={t("knock.opening")} lead="">
        <Bones rows={2} height={40} />
      </Frame>
    );
  }
  return (
    <Frame title={t("knock.title")} lead={t("knock.lead", { phone: open.data.phone ?? "" })}>
      <PhoneForm next={next} token={token} />
      <ByLock next={next} />
      <p className="enter-other">
        <Link to="/sign-in" search={{ next }} className="link">
          {t("knock.other")}
        </Link>
      </p>
    </Frame>
  );
}
