// Sets the theme before the first paint: what was chosen here, else what the system says.
"use strict";
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("longbox.theme.v1");
  } catch {
    // Storage is switched off; the system's choice holds.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
