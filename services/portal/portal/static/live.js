/* Live parts: a stream says what changed, the part is fetched again. One tab of a browser holds the
   stream and tells the others; where it fails, that tab asks all of them to look every 30 seconds. */
(() => {
  "use strict";
  const COLLECT = 300, POLL = 30000, AGAIN = 5000, SILENT = 45000, WATCH = 15000;
  const parts = () => [...document.querySelectorAll("[data-live]")];
  if (!parts().length || !window.htmx || !window.EventSource) return;

  /* Not now: it is being fetched, or somebody has typed into the field that has the focus. */
  const busy = (part) => {
    const at = document.activeElement;
    const typing = part.contains(at) && at.defaultValue !== undefined && at.value !== at.defaultValue;
    return typing || part.classList.contains("htmx-request");
  };
  const waiting = new Set();
  const refresh = ({ id }) => {
    if (waiting.has(id)) return;
    waiting.add(id);
    window.setTimeout(() => {
      waiting.delete(id);
      const part = document.getElementById(id);
      if (part && busy(part)) refresh(part);
      else if (part) window.htmx.trigger(part, "live");
    }, COLLECT);
  };
  const take = (name, id) => parts().forEach((part) => {
    const wanted = part.dataset.live.split(" ");
    if (name === "refresh" || wanted.includes(name) || wanted.includes(`${name}:${id}`)) refresh(part);
  });
  /* A service that did not answer took its box with it. */
  window.setInterval(() => parts().filter((part) => part.querySelector(".kc-down")).forEach(refresh), WATCH);

  /* The note on every page while there is no stream, with the time at which the page was right. */
  let off = false;
  const right = (at) => document.querySelectorAll("[data-live-time]").forEach((place) => {
    const clock = { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Berlin" };
    place.textContent = new Date(at).toLocaleTimeString(document.documentElement.lang, clock);
    place.dateTime = new Date(at).toISOString();
  });
  const interrupted = (yes, since) => {
    if (yes === off) return;
    off = yes;
    if (yes) right(since);
    document.querySelectorAll("[data-live-off]").forEach((note) => {
      note.hidden = !yes;
      if (yes) document.dispatchEvent(new CustomEvent("kc-say", { detail: note.dataset.liveOff }));
    });
  };
  document.addEventListener("htmx:afterSettle", (event) => {
    if (off && event.target.dataset.live) right(Date.now());
  });

  const channel = window.BroadcastChannel ? new BroadcastChannel("kc-live") : null;
  const hear = ({ name, id, last, since }) => {
    if (last) window.sessionStorage.setItem("kc-last", last);
    if (name === "off" || name === "on") interrupted(name === "off", since);
    else take(name, id);
  };
  if (channel) channel.onmessage = (event) => hear(event.data);
  const tell = (news) => { hear(news); if (channel) channel.postMessage(news); };

  const hold = () => new Promise(() => { // as long as the tab is open
    let source, failed = 0, lost = 0, heard = 0, polling = 0;
    const poll = () => { tell({ name: "off", since: lost }); tell({ name: "refresh" }); };
    const fail = () => {
      failed += 1;
      lost = lost || Date.now();
      if (failed > 2) tell({ name: "off", since: lost });
      if (failed > 2 && !polling) polling = window.setInterval(poll, POLL);
      if (source.readyState === EventSource.CLOSED) window.setTimeout(begin, AGAIN);
    };
    const begin = () => {
      const last = window.sessionStorage.getItem("kc-last") || "";
      source = new EventSource(`/live${last ? `?last=${last}` : ""}`);
      source.onerror = fail;
      source.onopen = () => {
        window.clearInterval(polling);
        failed = lost = polling = 0;
        heard = Date.now();
        tell({ name: "on" });
      };
      for (const name of ["seats", "enrolment", "notice", "verdict", "refresh", "beat"]) {
        source.addEventListener(name, (event) => {
          heard = Date.now();
          tell({ name, id: JSON.parse(event.data).id, last: event.lastEventId });
        });
      }
    };
    begin();
    window.setInterval(() => {
      if (source.readyState !== EventSource.OPEN || Date.now() - heard < SILENT) return;
      source.close();
      fail();
    }, WATCH);
  });
  if (navigator.locks) navigator.locks.request("kc-live", hold); else hold();
})();
