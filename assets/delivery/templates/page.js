"use strict";
for (const table of document.querySelectorAll("table[data-filter]")) {
  const box = document.createElement("input");
  box.type = "search";
  box.className = "filter";
  box.placeholder = "Filter rows";
  box.setAttribute("aria-label", "Filter rows of: " + table.dataset.filter);
  const scroller = table.closest(".scroll") || table;
  scroller.parentNode.insertBefore(box, scroller);
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase();
    for (const row of table.tBodies[0].rows) {
      row.hidden = !row.textContent.toLowerCase().includes(words);
    }
  });
}
function reveal() {
  const target = document.getElementById(location.hash.slice(1));
  if (!target) return;
  target.hidden = false;
  for (let node = target.parentElement; node; node = node.parentElement) {
    if (node.tagName === "DETAILS") node.open = true;
  }
  target.scrollIntoView();
}
window.addEventListener("hashchange", reveal);
if (location.hash) reveal();
