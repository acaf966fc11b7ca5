/* The portal works without this file. It adds: live parts, one write for a double click, focus. */
(() => {
  "use strict";
  const html = document.documentElement;

  /* A message about an error is the first thing to be read. */
  const alert = document.querySelector("[data-focus]");
  if (alert) alert.focus();

  /* A second click does nothing; the button says that the first one is on its way. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    const button = event.submitter;
    if (!button || !button.dataset.busy) return;
    window.setTimeout(() => {
      const label = button.querySelector(".kern-label") || button;
      label.textContent = button.dataset.busy;
      button.setAttribute("aria-disabled", "true");
    }, 400);
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });

  /* What is left of a deadline, in the words that the server wrote for each unit. */
  const tick = () => document.querySelectorAll("[data-until]").forEach((place) => {
    const minutes = Math.floor((Date.parse(place.dataset.until) - Date.now()) / 60000);
    const [unit, count] = minutes < 0 ? ["over", 0] : minutes < 60 ? ["minutes", Math.max(1, minutes)]
      : minutes < 2880 ? ["hours", Math.floor(minutes / 60)] : ["days", Math.floor(minutes / 1440)];
    const words = count === 1 ? place.dataset[`${unit}One`] : place.dataset[unit];
    if (words) place.textContent = words.replace("#", count);
  });
  if (document.querySelector("[data-until]")) window.setInterval(tick, 30000);

  /* How many rows are ticked; one box ticks all. A live part may bring or take rows. */
  const picks = () => [...document.querySelectorAll("input[name=auswahl]")];
  const countPicks = () => document.querySelectorAll("[data-picked]").forEach((place) => {
    const all = picks(), ticked = all.filter((one) => one.checked);
    const box = place.parentElement.querySelector("[data-pick-all]");
    const whole = box.querySelector("input");
    const text = ticked.length ? place.dataset.picked.replace("#", ticked.length) : place.dataset.none;
    if (place.textContent !== text) place.textContent = text;
    box.hidden = false;
    whole.checked = all.length > 0 && ticked.length === all.length;
    whole.indeterminate = ticked.length > 0 && !whole.checked;
  });
  document.addEventListener("change", (event) => {
    const box = event.target.closest && event.target.closest("[data-pick-all]");
    if (box) picks().forEach((one) => { one.checked = event.target.checked; });
    countPicks();
  });
  document.addEventListener("htmx:afterSettle", countPicks);
  window.addEventListener("pageshow", countPicks);
  countPicks();

  /* Live parts: a stream says what changed, the part is fetched again. One tab of a browser holds
     the stream and tells the others. */
  const parts = () => document.querySelectorAll("[data-live]");
  if (!parts().length || !window.htmx || !window.EventSource) return;
  const waiting = new Map();
  const refresh = (part) => {
    if (waiting.has(part)) return;
    waiting.set(part, window.setTimeout(() => {
      waiting.delete(part);
      window.htmx.trigger(part, "live");
    }, 300));
  };
  const take = (name, id) => parts().forEach((part) => {
    const wanted = part.dataset.live.split(" ");
    if (name === "refresh" || wanted.includes(name) || wanted.includes(`${name}:${id}`)) refresh(part);
  });
  const channel = window.BroadcastChannel ? new BroadcastChannel("kc-live") : null;
  if (channel) channel.onmessage = (event) => take(event.data.name, event.data.id);
  const tell = (name, id) => { take(name, id); if (channel) channel.postMessage({ name, id }); };
  let polling = 0;
  const interrupted = (yes) => {
    document.querySelectorAll("[data-live-off]").forEach((note) => { note.hidden = !yes; });
    if (yes && !polling) polling = window.setInterval(() => take("refresh", ""), 30000);
    if (!yes && polling) { window.clearInterval(polling); polling = 0; }
  };
  const open = () => new Promise(() => {
    let failed = 0, source;
    const begin = () => {
      const last = window.sessionStorage.getItem("kc-last") || "";
      source = new EventSource(`/live${last ? `?last=${last}` : ""}`);
      source.onopen = () => { failed = 0; interrupted(false); };
      source.onerror = () => {
        failed += 1;
        if (failed > 2) interrupted(true);
        if (source.readyState === EventSource.CLOSED) window.setTimeout(begin, 5000);
      };
      for (const name of ["seats", "enrolment", "notice", "verdict"]) {
        source.addEventListener(name, (event) => {
          window.sessionStorage.setItem("kc-last", event.lastEventId);
          tell(name, JSON.parse(event.data).id);
        });
      }
      source.addEventListener("refresh", () => tell("refresh", ""));
    };
    begin();
  });
  if (navigator.locks) navigator.locks.request("kc-live", open); else open();
  html.dataset.liveReady = "1";
})();
