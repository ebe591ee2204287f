"use strict";
(() => {
  const words = __WORDS__;
  const root = document.documentElement;
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  // Storage is refused to files in some browsers: the page then forgets, nothing else.
  const kept = { get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* forgotten */ } } };
  const chinese = () => root.lang.startsWith("zh");
  const word = (key, parts = {}) => words[key][chinese() ? 1 : 0].replace(/\{(\w+)\}/g, (_, name) => parts[name]);

  for (const node of all(".controls, .filters, .switch")) node.hidden = false;

  // Language and theme.
  const langButton = one("#lang"), themeButton = one("#theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const label = () => {
    langButton.textContent = chinese() ? "English" : "中文";
    langButton.lang = chinese() ? "en" : "zh-Hans";
    themeButton.textContent = word(dark() ? "light" : "dark");
    for (const node of all("[data-en]")) node.textContent = chinese() ? node.dataset.zh : node.dataset.en;
    for (const node of all("thead button")) node.title = word("sort");
    one("#panel-h").textContent = word("evidence");
    one("#panel-back").textContent = word("back");
    one("#panel-close").textContent = word("close");
    one("#panel-list").textContent = word("in_list");
  };
  const speak = (lang) => { root.lang = lang; label(); count(); };
  langButton.addEventListener("click", () => { const lang = chinese() ? "en" : "zh-Hans"; kept.set("colocast-lang", lang); speak(lang); });
  themeButton.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; kept.set("colocast-theme", root.dataset.theme); label(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", label);
  if (["light", "dark"].includes(kept.get("colocast-theme"))) root.dataset.theme = kept.get("colocast-theme");
  if (matchMedia("(max-width: 71.99rem)").matches) one(".menu").open = false;

  // Filters: what an item is about stands in its data; search goes by its words in either language.
  const boxes = { m: one("#f-m"), s: one("#f-s"), o: one("#f-o"), q: one("#f-q") };
  const items = all("main section:not(#evidence) .card, main section:not(#evidence) tbody > tr, main .tiles > li")
    .filter((node) => node.classList.contains("card") || !node.closest(".card"));
  const texts = new Map();
  const textOf = (node) => {
    if (!texts.has(node)) texts.set(node, (node.classList.contains("card") ? one("figcaption", node) : node).textContent.toLowerCase());
    return texts.get(node);
  };
  const fits = (node, wanted, search) => {
    for (const key of ["m", "s", "o"]) {
      if (wanted[key] && node.dataset[key] !== undefined && !node.dataset[key].split(" ").includes(wanted[key])) return false;
    }
    return search.every((part) => textOf(node).includes(part));
  };
  let shown = items.length;
  const count = () => {
    one("#f-count").textContent = shown === items.length ? word("all_shown", { n: items.length }) : word("shown", { n: shown, all: items.length });
  };
  const groups = [];
  for (const section of all("main section:not(#evidence)")) {
    let group = [];
    groups.push(group);
    for (const node of section.children) {
      if (node.matches("h2, .nomatch")) continue;
      if (node.matches("h3, h4")) { group = []; groups.push(group); }
      group.push(node);
    }
  }
  const within = (node) => items.filter((item) => node.contains(item));
  const held = new Map();
  const heldBy = (node) => { if (!held.has(node)) held.set(node, within(node)); return held.get(node); };
  const filter = () => {
    const wanted = Object.fromEntries(Object.entries(boxes).map(([key, box]) => [key, box.value.trim()]));
    const search = wanted.q.toLowerCase().split(/\s+/).filter(Boolean);
    const active = Boolean(wanted.m || wanted.s || wanted.o || search.length);
    shown = 0;
    for (const node of items) { node.hidden = active && !fits(node, wanted, search); if (!node.hidden) shown += 1; }
    for (const group of groups) {
      const own = group.flatMap(heldBy);
      const gone = own.length > 0 && own.every((node) => node.hidden);
      for (const node of group) {
        const mine = heldBy(node);
        node.hidden = active && (gone || (mine.length > 0 && mine.every((item) => item.hidden)));
      }
    }
    for (const section of all("main section:not(#evidence)")) {
      const mine = heldBy(section);
      one(".nomatch", section).hidden = !(mine.length && mine.every((item) => item.hidden));
    }
    one(".filters").classList.toggle("on", active);
    count();
    return wanted;
  };

  // Filters live in the fragment behind a question mark: #operators?o=gds-holdings can be bookmarked and sent.
  const place = () => { const [id, query = ""] = decodeURI(location.hash.slice(1)).split("?"); return { id, query }; };
  const queryOf = (wanted) => new URLSearchParams(Object.entries(wanted).filter(([, value]) => value)).toString();
  const keep = (wanted) => {
    const { id } = place(), query = queryOf(wanted), hash = "#" + id + (query ? "?" + query : "");
    if (hash === (location.hash || "#")) return;
    try { history.replaceState(null, "", hash); } catch { location.replace(hash); }
  };
  const values = () => Object.fromEntries(Object.entries(boxes).map(([key, box]) => [key, box.value.trim()]));
  let waiting = 0;
  const changed = () => { clearTimeout(waiting); waiting = setTimeout(() => keep(filter()), 120); };
  for (const box of Object.values(boxes)) box.addEventListener("input", changed);
  one(".filters").addEventListener("submit", (event) => event.preventDefault());
  one(".filters").addEventListener("reset", () => setTimeout(() => keep(filter())));
  const take = (query) => {
    const given = new URLSearchParams(query);
    for (const [key, box] of Object.entries(boxes)) { box.value = given.get(key) || ""; if (box.selectedIndex === -1) box.value = ""; }
  };

  // A link always leads to something that can be seen: folded parts open, filtered ones come back.
  const reveal = (id) => {
    const target = id && document.getElementById(id);
    if (!target) return;
    for (let node = target; node && node !== document.body; node = node.parentElement) {
      node.hidden = false;
      if (node.tagName === "DETAILS") node.open = true;
    }
    all(".aimed").forEach((node) => node.classList.remove("aimed"));
    if (target.tagName !== "SECTION" && target.tagName !== "MAIN") target.classList.add("aimed");
    target.scrollIntoView();
  };
  const arrive = () => {
    const { id, query } = place();
    if (query) { if (query !== queryOf(values())) { take(query); filter(); } } else keep(values());
    reveal(id);
  };
  addEventListener("hashchange", arrive);

  // Evidence beside the number it is of: a panel with the entry, and the entries it rests on in turn.
  const panel = one("#panel"), trail = [];
  const show = (id) => {
    const copy = document.getElementById(id).cloneNode(true);
    copy.removeAttribute("id");
    // The bytes themselves: their link stands in the document's row.
    for (const link of all("a[href^='#doc-']", copy)) {
      const bytes = one(`${link.getAttribute("href")} a[download]`);
      if (bytes) { const own = bytes.cloneNode(); own.textContent = word("original"); link.after(" (", own, ")"); }
    }
    one("#panel-body").replaceChildren(copy);
    one("#panel-list").href = "#" + id;
    one("#panel-back").hidden = trail.length < 2;
    if (!panel.open) panel.showModal();
    panel.scrollTop = 0;
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const id = link.getAttribute("href").slice(1), target = document.getElementById(id);
    if (target && target.classList.contains("e") && link.id !== "panel-list" && !link.closest("#evidence")) {
      event.preventDefault();
      trail.push(id);
      show(id);
    } else if (panel.open) { panel.close(); if (place().id === id) reveal(id); }
    else if (place().id === id) reveal(id);
  });
  one("#panel-back").addEventListener("click", () => { trail.pop(); show(trail[trail.length - 1]); });
  one("#panel-close").addEventListener("click", () => panel.close());
  panel.addEventListener("click", (event) => { if (event.target === panel) panel.close(); });
  panel.addEventListener("close", () => { trail.length = 0; });

  // Tables sort by any header; what has no value stays last.
  const numberIn = (text) => { const found = text.replace(/\u2212/g, "-").replace(/,/g, "").match(/[+-]?\d+(\.\d+)?/); return found ? Number(found[0]) : null; };
  const sort = (header) => {
    const table = header.closest("table"), at = [...header.parentNode.children].indexOf(header);
    const down = header.getAttribute("aria-sort") ? header.getAttribute("aria-sort") === "ascending" : header.classList.contains("r");
    for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const numeric = header.classList.contains("r");
    const rows = [...table.tBodies[0].rows].map((row) => {
      const cell = row.cells[at], hidden = chinese() ? "x-en" : "x-zh";
      const copy = cell.cloneNode(true);
      all(hidden + (numeric ? ", .faint" : ""), copy).forEach((node) => node.remove());
      const text = copy.textContent.trim();
      return [row, numeric ? numberIn(text) : text];
    });
    const order = new Intl.Collator(root.lang);
    rows.sort(([, a], [, b]) => {
      const blank = (value) => value === null || value === "" || value === "\u2013";
      if (blank(a) || blank(b)) return blank(a) - blank(b);
      return (numeric ? a - b : order.compare(a, b)) * (down ? -1 : 1);
    });
    table.tBodies[0].append(...rows.map(([row]) => row));
  };
  for (const header of all("main section:not(#evidence) thead th:not(.s)")) {
    if (header.closest("table").tBodies[0].rows.length < 2) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sort(header));
  }

  // One scenario with its own band, beside base.
  for (const box of all(".switch")) {
    const cards = one(`[data-cards="${box.dataset.switch}"]`);
    one("select", box).addEventListener("change", (event) => {
      const chosen = event.target.value;
      for (const group of all("g[data-sc]", cards)) {
        group.classList.toggle("on", group.dataset.sc === chosen);
        group.classList.toggle("off", Boolean(chosen) && group.dataset.sc !== chosen && group.dataset.sc !== "base");
      }
    });
  }

  // Where the reader is, in the list of sections.
  const links = new Map(all("nav a").map((link) => [link.getAttribute("href").slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) {
      links.forEach((link) => link.removeAttribute("aria-current"));
      const link = links.get(entry.target.id);
      if (link) link.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  for (const section of all("main section")) seen.observe(section);

  root.lang = kept.get("colocast-lang") === "zh-Hans" ? "zh-Hans" : "en";
  const { id, query } = place();
  if (query) { take(query); filter(); }
  label();
  count();
  if (id) reveal(id);
})();
