"use strict";
/* Settles once the browser has answered: before, Chromium may give a file a localStorage that is empty and keeps nothing. */
const storage = location.protocol !== "file:" || !navigator.locks ? Promise.resolve() : Promise.race([
  navigator.locks.request("storage", () => {}).catch(() => {}),
  new Promise((settle) => { setTimeout(settle, 3000); }),
]);

(function () {
  const root = document.documentElement;
  const wanted = window.matchMedia("(prefers-color-scheme: dark)");
  const remembered = () => {
    try { return localStorage.getItem("theme"); } catch { return null; }
  };
  const remember = (name) => {
    try { localStorage.setItem("theme", name); } catch { /* private window: the choice lasts for this page */ }
  };
  const dark = () => (root.dataset.theme || (wanted.matches ? "dark" : "light")) === "dark";
  const recall = () => {
    const chosen = remembered();
    if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  };
  if (location.protocol !== "file:") recall();

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const show = () => { button.textContent = dark() ? "Light theme" : "Dark theme"; };
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      remember(root.dataset.theme);
      show();
    });
    wanted.addEventListener("change", show);
    show();
    storage.then(() => {
      recall();
      show();
      button.hidden = false;
    });
  });
})();
