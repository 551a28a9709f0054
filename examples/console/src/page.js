
"use strict";
{
  const status = document.getElementById("status");
  const heard = document.getElementById("heard");
  const headline = () => status.querySelector("h1").textContent;
  const refresh = async () => {
    if (document.hidden) return;
    let answer;
    try {
      answer = await fetch("/fragment", { credentials: "same-origin" });
    } catch {
      heard.textContent = "The status cannot be reached.";
      return;
    }
    if (answer.status === 401) { location.reload(); return; }
    if (!answer.ok) { heard.textContent = "The status cannot be read."; return; }
    const before = headline();
    // Written by the library, which escapes all that comes from outside; the policy lets no script of it run.
    status.innerHTML = await answer.text();
    const epoch = answer.headers.get("console-epoch");
    for (const form of document.querySelectorAll("aside form")) {
      // Who fills one in does so by what stood there when they began.
      if (form.elements.epoch && !form.contains(document.activeElement)) form.elements.epoch.value = epoch;
    }
    if (headline() !== before) heard.textContent = headline();
  };
  if (status) {
    const again = async () => { await refresh(); setTimeout(again, 1000); };
    setTimeout(again, 1000);
    for (const form of document.querySelectorAll("aside form")) {
      form.addEventListener("submit", (event) => {
        if (form.dataset.sent) { event.preventDefault(); return; }
        form.dataset.sent = "1";
        form.querySelector("button").setAttribute("aria-disabled", "true");
        heard.textContent = "Asked. This may take a while.";
      });
    }
  }
}
