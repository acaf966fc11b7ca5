/* A part that is fetched again keeps what somebody does in it: where the focus is, what was typed. */
(() => {
  "use strict";
  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  const FIELDS = "input:not([type=hidden], [type=checkbox], [type=radio], [type=file]), textarea";
  const controls = (part) => [...part.querySelectorAll(CONTROLS)];
  /* The same control before and after; a count in its words may change. */
  const key = (one) => one.id || [
    one.getAttribute("href"), one.form && one.form.getAttribute("action"), one.name,
    one.matches("button") && one.value, one.textContent.replace(/\d+/g, "#").trim(),
  ].join(" ");
  let typed = [], kept = null;

  document.addEventListener("htmx:beforeSwap", ({ detail: { shouldSwap, target } }) => {
    if (!shouldSwap) return;
    for (const field of target.querySelectorAll(FIELDS)) {
      if (field.id && field.value !== field.defaultValue) typed.push([field.id, field.value]);
    }
    const at = document.activeElement;
    if (!target.id || !target.contains(at)) return;
    const behind = controls(target).filter((one) =>
      one === at || at.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
    kept = { id: target.id, control: behind[0] === at, keys: behind.map(key) };
  });

  /* To the same control; if it is gone, to the row of what followed it, or to the part. Never to
     another control: who is about to press a button must not press the one of the next row. */
  const back = (settled) => {
    if (kept && kept.control && settled && document.activeElement !== document.body) kept = null;
    if (!kept) return;
    const part = document.getElementById(kept.id);
    const now = part ? controls(part) : [];
    const found = kept.keys.map((each) => now.find((one) => key(one) === each));
    let place = kept.control && found[0];
    if (!place && settled && part) {
      const next = found.find(Boolean);
      place = (next && next.closest(".kc-list > li, tr")) || part;
      if (place.tabIndex < 0) place.tabIndex = -1;
    }
    if (place) place.focus({ preventScroll: true });
    if (place || settled) kept = null;
  };
  document.addEventListener("htmx:afterSwap", () => back(false));
  document.addEventListener("htmx:afterSettle", () => {
    back(true);
    for (const [id, value] of typed) {
      const field = document.getElementById(id);
      if (field) field.value = value;
    }
    typed = [];
  });
})();
