import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { readAgain } from "./again";

/** A question that is answered when the test says so. */
function asked() {
  const client = new QueryClient({ defaultOptions: { queries: { networkMode: "always", retry: false } } });
  const answers: ((text: string) => void)[] = [];
  const observer = new QueryObserver(client, {
    queryKey: ["orders", { status: "new" }],
    staleTime: 60_000,
    queryFn: () => new Promise<string>((done) => answers.push(done)),
  });
  return { client, answers, observer, end: observer.subscribe(() => {}) };
}
const turn = () => new Promise((done) => setTimeout(done));

test("an answer that was on its way when something changed is not the last one", async () => {
  const { client, answers, observer, end } = asked();
  readAgain(client, ["orders"]);
  expect(answers).toHaveLength(1);
  answers[0]?.("as it was");
  await turn();
  expect(observer.getCurrentResult().data).toBe("as it was");
  expect(answers).toHaveLength(2);
  answers[1]?.("as it is");
  await turn();
  expect(observer.getCurrentResult().data).toBe("as it is");
  expect(answers).toHaveLength(2);
  end();
});

test("what has been read before is read again once", async () => {
  const { client, answers, observer, end } = asked();
  answers[0]?.("as it was");
  await turn();
  readAgain(client, ["orders"]);
  expect(answers).toHaveLength(2);
  answers[1]?.("as it is");
  await turn();
  expect(observer.getCurrentResult().data).toBe("as it is");
  expect(answers).toHaveLength(2);
  end();
});

test("however many changes come during the first reading, one more follows, whatever else is still being read", async () => {
  const { client, answers, observer, end } = asked();
  const slow = new QueryObserver(client, {
    queryKey: ["orders", { status: "done" }],
    queryFn: () => new Promise<string>(() => {}),
  }).subscribe(() => {});
  readAgain(client, ["orders"]);
  readAgain(client, []);
  answers[0]?.("as it was");
  await turn();
  expect(answers).toHaveLength(2);
  answers[1]?.("as it is");
  await turn();
  expect(observer.getCurrentResult().data).toBe("as it is");
  expect(answers).toHaveLength(2);
  slow();
  end();
});
