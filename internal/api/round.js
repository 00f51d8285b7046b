// Shares the rider's place while he lets it and has orders with him. His consent is kept in this tab alone, his place
// nowhere: the newest one is sent, and one that could not be sent is forgotten.
"use strict";
(() => {
  const every = 16_000; // a little more than platforms take
  const box = document.getElementById("place");
  if (!box || !navigator.geolocation || !window.isSecureContext) return;
  const line = box.querySelector("p");
  const button = box.querySelector("button");
  const said = "tongdan.place";
  let watch = 0;
  let timer = 0;
  let newest = null;
  let busy = false;
  let away = Number(box.dataset.away);

  function show(word) {
    line.textContent = box.dataset[word];
    button.textContent = word === "off" ? box.dataset.place : box.dataset.stop;
    box.dataset.state = word;
  }

  function rest() {
    if (watch) navigator.geolocation.clearWatch(watch);
    clearInterval(timer);
    watch = timer = 0;
    newest = null;
  }

  async function send() {
    if (!newest || busy) return;
    const at = newest;
    newest = null;
    busy = true;
    try {
      const r = await fetch("/rider/place", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(at) });
      if (r.status === 404) {
        rest();
        box.hidden = true;
      } else if (r.ok && watch) {
        away = (await r.json()).away;
        if (away === 0) rest();
        show(away > 0 ? "live" : "wait");
      }
    } catch {
      // the next one is on its way
    } finally {
      busy = false;
    }
  }

  function begin() {
    if (away === 0) return show("wait");
    show("live");
    watch = navigator.geolocation.watchPosition(
      (p) => {
        if (p.coords.accuracy > 500) return; // it says where a mast is
        newest = { lat: p.coords.latitude, lng: p.coords.longitude };
        if (timer) return;
        timer = setInterval(send, every);
        send();
      },
      () => show("denied"),
      { enableHighAccuracy: true, maximumAge: 5_000 },
    );
  }

  button.addEventListener("click", () => {
    if (sessionStorage.getItem(said)) {
      sessionStorage.removeItem(said);
      rest();
      show("off");
    } else {
      sessionStorage.setItem(said, "yes");
      begin();
    }
  });
  box.hidden = false;
  if (sessionStorage.getItem(said)) begin();
  else show("off");
})();
