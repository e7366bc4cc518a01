// What is live on a page is fetched again and replaced; everything works without this, too.
"use strict";

(() => {
  const kRefreshMs = 5000;
  const kTypingMs = 250;

  // Replaces each live part by the one of the same id on `url`.
  async function refresh(url) {
    const answer = await fetch(url, { credentials: "same-origin", cache: "no-store" });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = next.getElementById(part.id);
      if (!fresh) continue;
      const open = new Set();
      for (const each of part.querySelectorAll("details[open][id]")) open.add(each.id);
      part.replaceChildren(...fresh.childNodes);
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    }
  }

  // On a narrow screen the navigation is longer than what shows.
  document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  function urlOf(form) {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value !== "") query.set(name, value);
    const text = query.toString();
    return form.getAttribute("action") + (text === "" ? "" : "?" + text);
  }

  const form = document.querySelector("form[data-instant]");
  if (form) {
    let timer = 0;
    const apply = () => {
      const url = urlOf(form);
      history.replaceState(null, "", url);
      refresh(url).catch(() => {});
    };
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(apply, kTypingMs);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(timer);
      apply();
    });
  }

  if (document.querySelector("[data-live]")) {
    setInterval(() => {
      const selecting = String(getSelection()) !== "";
      if (!document.hidden && !selecting) refresh(location.href).catch(() => {});
    }, kRefreshMs);
  }
})();
