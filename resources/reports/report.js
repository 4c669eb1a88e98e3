"use strict";
(() => {
  const form = document.getElementById("filter");
  const kind = document.getElementById("kind");
  const words = document.getElementById("words");
  const count = document.getElementById("count");
  const rows = [...document.querySelectorAll("#matrix tbody tr")];
  const texts = new Map();

  function contains(row, wanted) {
    if (!wanted) return true;
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row).includes(wanted);
  }

  function apply() {
    const wanted = words.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = !kind.value || row.dataset.is.split(" ").includes(kind.value);
      row.hidden = !(fits && contains(row, wanted));
      shown += !row.hidden;
    }
    count.textContent = `${shown} of ${rows.length} items`;
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  kind.addEventListener("change", apply);
  words.addEventListener("input", apply);
  form.hidden = false;
  apply();
})();
