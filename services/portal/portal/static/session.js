/* Says five minutes before that a session ends, and lets nothing be lost that was typed. Windows
   tell each other what the server said, so one of them asks for all. */
(() => {
  "use strict";
  const place = document.querySelector("[data-session]");
  if (!place) return;
  const WARN = 300, FRESH = 20;
  const who = place.dataset.who;
  const channel = window.BroadcastChannel ? new BroadcastChannel("kc-session") : null;
  const secret = () => document.querySelector('input[name="_csrf"]');
  let end = 0, final = false, heard = 0, timer = 0, shown = "";
  const left = () => (end - Date.now()) / 1000;

  const show = (part) => {
    if (part === shown) return;
    shown = part;
    const text = part && document.querySelector(`template[data-session-part="${part}"]`);
    place.replaceChildren(...(text ? [text.content.cloneNode(true)] : []));
    const time = place.querySelector("[data-session-time]");
    const clock = { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Berlin" };
    if (time) time.textContent = new Date(end).toLocaleTimeString(document.documentElement.lang, clock);
  };
  const plan = () => {
    window.clearTimeout(timer);
    const seconds = left(), soon = seconds <= WARN;
    show(seconds <= 0 ? "over" : !soon ? (shown === "stays" ? shown : "") : final ? "final" : "soon");
    if (seconds > 0) timer = window.setTimeout(ask, (soon ? seconds : seconds - WARN) * 1000 + 500);
  };
  /* What the server said to this window or another one; another person's is not ours. */
  const take = (news) => {
    if (news.who !== who) return;
    heard = Date.now();
    end = heard + news.left * 1000;
    final = news.final;
    if (news.csrf) document.querySelectorAll('input[name="_csrf"]').forEach((each) => { each.value = news.csrf; });
    plan();
  };
  const tell = (news) => { take(news); if (channel) channel.postMessage(news); };
  const told = async (answer) => tell(answer.ok ? await answer.json() : { who, left: 0, final });

  const asked = async () => {
    await new Promise((go) => window.setTimeout(go, 200));
    if (Date.now() - heard < FRESH * 1000) { plan(); return; }
    try {
      await told(await fetch("/sitzung", { redirect: "manual" }));
    } catch (_) {
      timer = window.setTimeout(ask, 30000);
    }
  };
  const ask = () => {
    if (navigator.locks) navigator.locks.request("kc-session", asked);
    else window.setTimeout(asked, Math.random() * 3000);
  };
  place.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    try {
      const body = new URLSearchParams({ _csrf: secret().value });
      await told(await fetch(event.target.action, { method: "POST", body, redirect: "manual" }));
    } catch (_) {
      return;
    }
    if (left() > WARN) show("stays");
    document.getElementById("inhalt").focus({ preventScroll: true });
  });
  /* After the end a form would be lost on the way to the sign-in. */
  document.addEventListener("submit", (event) => {
    if (left() > 0 || event.target.method !== "post") return;
    event.preventDefault();
    event.stopPropagation();
    const way = place.querySelector("a");
    if (way) way.focus();
  }, true);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) plan(); });
  if (channel) channel.onmessage = (event) => take(event.data);
  const mine = secret();
  tell({ who, left: Number(place.dataset.session), final: place.dataset.final === "1", csrf: mine ? mine.value : "" });
})();
