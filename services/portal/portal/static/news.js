/* What concerns the person is said in one polite region: what is new on the page (`data-say`), an hour
   before the end of a deadline and at its end (`data-until`). At most every 30 seconds. */
(() => {
  "use strict";
  const GATHER = 500, PAUSE = 30000, HOUR = 3600000;
  const region = document.querySelector("[data-news]");
  const waiting = new Set();
  let said = 0, timer = 0;
  const speak = () => {
    region.textContent = [...waiting].join(". ");
    waiting.clear();
    said = Date.now();
    timer = 0;
  };
  const say = (text) => {
    waiting.add(text);
    if (!timer) timer = window.setTimeout(speak, Math.max(GATHER, said + PAUSE - Date.now()));
  };
  document.addEventListener("kc-say", (event) => say(event.detail));

  const told = () => new Set([...document.querySelectorAll("[data-say]")].map((one) => one.dataset.say));
  let known = told();
  document.addEventListener("htmx:afterSettle", () => {
    const now = told();
    now.forEach((text) => { if (!known.has(text)) say(text); });
    known = now;
  });

  /* What is left of a deadline, in the words that the server wrote for each unit. */
  const left = (words, ms) => {
    const minutes = Math.floor(ms / 60000);
    const [unit, count] = minutes < 0 ? ["over", 0] : minutes < 60 ? ["minutes", Math.max(1, minutes)]
      : minutes < 2880 ? ["hours", Math.floor(minutes / 60)] : ["days", Math.floor(minutes / 1440)];
    return ((count === 1 && words[`${unit}One`]) || words[unit]).replace("#", count);
  };
  let looked = Date.now();
  window.setInterval(() => {
    const now = Date.now();
    document.querySelectorAll("[data-until]").forEach((place) => {
      const words = place.dataset, until = Date.parse(words.until), text = left(words, until - now);
      if (place.textContent !== text) place.textContent = text;
      if (looked < until - HOUR && now >= until - HOUR && now < until) say(`${words.what}: ${words.hoursOne}`);
      if (looked < until && now >= until) say(`${words.what}: ${words.over}`);
    });
    looked = now;
  }, PAUSE);
})();
