"use strict";
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
  /* Chromium may give a file that asks for its storage this early an empty one, which keeps nothing for the whole page. */
  if (location.protocol !== "file:") recall();

  document.addEventListener("DOMContentLoaded", () => {
    recall();
    const button = document.getElementById("theme");
    const show = () => { button.textContent = dark() ? "Light theme" : "Dark theme"; };
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      remember(root.dataset.theme);
      show();
    });
    wanted.addEventListener("change", show);
    show();
  });
})();
