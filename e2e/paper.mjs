// Network printers as they stand in a store.

import net from "node:net";

/**
 * A printer of tickets: it answers how it is (DLE EOT) and keeps what it is given, in GB18030. `empty`: without paper. unplug and
 * plug take it off the network and back.
 */
export async function paper() {
  const p = { slips: [], empty: false };
  const open = new Set();
  let server;
  const plug = (port) =>
    new Promise((ready) => {
      server = net.createServer((socket) => {
        open.add(socket);
        socket.on("close", () => open.delete(socket));
        let slip = Buffer.alloc(0);
        socket.on("data", (bytes) => {
          for (let i = 0; i < bytes.length; i++) {
            if (bytes[i] === 0x10 && bytes[i + 1] === 0x04 && i + 2 < bytes.length) {
              const asked = bytes[i + 2];
              socket.write(Buffer.of(p.empty && asked === 2 ? 0x32 : p.empty && asked === 4 ? 0x72 : 0x12));
              i += 2;
            } else slip = Buffer.concat([slip, bytes.subarray(i, i + 1)]);
          }
        });
        socket.on("end", () => {
          if (slip.length > 0) p.slips.push(new TextDecoder("gb18030").decode(slip));
          socket.end();
        });
        socket.on("error", () => {});
      });
      server.listen(port, "127.0.0.1", ready);
    });
  await plug(0);
  const { port } = server.address();
  p.address = `127.0.0.1:${port}`;
  p.plug = () => plug(port);
  p.unplug = async () => {
    const closed = new Promise((done) => server.close(done));
    for (const s of open) s.destroy();
    await closed;
  };
  p.close = () => p.unplug().catch(() => {});
  return p;
}

/**
 * A label printer: it takes whatever it is sent, and prints a label at each ^XZ. `lose`: the connection of the next job breaks when all
 * of it was sent, "after" it came out or "before", and then nothing does.
 */
export async function zebra() {
  const p = { labels: [], lose: "" };
  const server = net.createServer((socket) => {
    const parts = [];
    socket.on("data", (bytes) => parts.push(bytes));
    socket.on("end", () => {
      const text = Buffer.concat(parts).toString("utf8");
      const lost = text ? p.lose : "";
      if (lost) p.lose = "";
      if (lost !== "before") {
        for (const label of text.split("^XZ").slice(0, -1)) p.labels.push({ code: label.match(/\^BC[^^]*\^FD([^^]*)\^FS/)?.[1] ?? "", text: label });
      }
      if (lost) socket.resetAndDestroy();
      else socket.end();
    });
    socket.on("error", () => {});
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  p.port = server.address().port;
  p.address = `127.0.0.1:${p.port}`;
  p.codes = () => p.labels.map((l) => l.code).filter(Boolean);
  p.close = () => server.close();
  return p;
}
