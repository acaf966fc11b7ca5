/* The portal works without a script. This one adds: one write for a double click, focus, counted ticks. */
(() => {
  "use strict";

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
})();
