
"use strict";
{
  const EVERY = 1000;
  const PATIENCE = 5000;
  const status = document.getElementById("status");
  const heard = document.getElementById("heard");
  const stale = document.getElementById("stale");
  const forms = [...document.querySelectorAll("aside form")];
  const headline = () => status.querySelector("h1")?.textContent;
  let updated = new Date();

  // What came of an action is told once, not whenever the page is loaded anew.
  if (location.search) history.replaceState(null, "", location.pathname);

  const isSelected = () => {
    const selection = getSelection();
    return selection.rangeCount > 0 && !selection.isCollapsed && selection.getRangeAt(0).intersectsNode(status);
  };

  const fetched = async () => {
    const signal = AbortSignal.timeout(PATIENCE);
    const answer = await fetch("/fragment", { credentials: "same-origin", cache: "no-store", signal });
    if (answer.status === 401) { location.reload(); return; }
    if (!answer.ok) throw new Error("it cannot be read");
    const part = document.createElement("template");
    // Written by the library, which escapes all that comes from outside; the policy lets no script of it run.
    part.innerHTML = await answer.text();
    if (!part.content.querySelector("h1")) throw new Error("it is cut");
    return { part: part.content, epoch: answer.headers.get("console-epoch") };
  };

  const show = ({ part, epoch }) => {
    const before = headline();
    status.replaceChildren(part);
    for (const form of forms) {
      // Who fills one in does so by what stood there when they began.
      if (form.elements.epoch && !form.contains(document.activeElement)) form.elements.epoch.value = epoch;
    }
    if (headline() !== before) heard.textContent = headline();
  };

  // What is old must not look as if it were not.
  const isOld = (why) => {
    const told = `Not updated since ${updated.toLocaleTimeString()}: ${why}.`;
    if (stale.textContent !== told) stale.textContent = told;
    stale.hidden = false;
    document.body.classList.add("old");
    for (const form of forms) form.querySelector("button").setAttribute("aria-describedby", "stale");
  };

  const isNew = () => {
    updated = new Date();
    if (stale.hidden) return;
    stale.hidden = true;
    stale.textContent = "";
    document.body.classList.remove("old");
    for (const form of forms) form.querySelector("button").removeAttribute("aria-describedby");
  };

  const refresh = async () => {
    const found = await fetched();
    if (!found) return;
    if (isSelected()) { isOld("text in it is selected"); return; }
    show(found);
    isNew();
  };

  const again = async () => {
    try {
      if (!document.hidden) await refresh();
    } catch {
      isOld("the status cannot be reached");
    } finally {
      setTimeout(again, EVERY);
    }
  };

  if (status) {
    setTimeout(again, EVERY);
    for (const form of forms) {
      const button = form.querySelector("button");
      form.addEventListener("submit", (event) => {
        if (form.dataset.sent) { event.preventDefault(); return; }
        form.dataset.sent = "1";
        button.setAttribute("aria-disabled", "true");
        heard.textContent = "Asked. This may take a while.";
      });
      // The browser may show the page once more as it was left.
      addEventListener("pageshow", () => {
        delete form.dataset.sent;
        button.removeAttribute("aria-disabled");
      });
    }
  }
}
