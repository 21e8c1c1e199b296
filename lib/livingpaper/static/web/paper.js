// Numbers open a card, tables that are wider than the page can be reached by keyboard, and long lists of numbers filtered.
// Without JavaScript each number is a link to its row.
document.addEventListener("DOMContentLoaded", () => {
  const made = (tag, text, name) => {
    const part = document.createElement(tag);
    if (text) part.textContent = text;
    if (name) part.className = name;
    return part;
  };

  // the card of a number
  const said = JSON.parse(document.getElementById("numbers")?.textContent || "{}");
  const card = made("span", "", "number-card");
  card.id = "number-card";
  card.popover = "manual";
  let open = null;
  const close = () => {
    if (!open) return;
    open.removeAttribute("aria-describedby");
    card.hidePopover();
    card.remove();
    open = null;
  };
  const place = (link) => {
    if (innerWidth <= 600) return; // a sheet at the foot of a phone: paper.css
    const at = link.getClientRects()[0], size = card.getBoundingClientRect();
    const below = at.bottom + 6 + size.height < innerHeight;
    card.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
    card.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - size.height - 6)}px`;
  };
  const show = (link) => {
    if (open === link || !card.showPopover) return;
    close();
    const [text, origin, n, events, estimand, method, code] = said[link.dataset.id];
    const facts = [["n", n], ["events", events], ["estimand", estimand], ["method", method], ["code", code]];
    const row = made("a", "Its row among all numbers");
    row.href = link.href;
    card.removeAttribute("style");
    card.replaceChildren(made("strong", text), made("span", origin), ...facts.filter(([, value]) => value).map(([name, value]) => {
      const line = made("span");
      line.append(made("b", name), ` ${value}`);
      return line;
    }), row);
    link.after(card);
    link.setAttribute("aria-describedby", card.id);
    card.showPopover();
    open = link;
    place(link);
  };
  document.querySelectorAll("a.result").forEach((link) => {
    if (!said[link.dataset.id]) return;
    link.removeAttribute("title");
    link.addEventListener("focus", () => show(link));
    link.addEventListener("click", (event) => {
      // Enter follows the link, whose card is open already
      if (event.detail === 0 || event.ctrlKey || event.metaKey || event.shiftKey || !card.showPopover) return;
      event.preventDefault();
      show(link);
    });
  });
  const inside = (target) => target instanceof Node && (card.contains(target) || open?.contains(target));
  document.addEventListener("focusout", (event) => { if (open && event.relatedTarget && !inside(event.relatedTarget)) close(); });
  document.addEventListener("focusin", (event) => { if (open && !inside(event.target)) close(); });
  document.addEventListener("pointerdown", (event) => { if (open && !inside(event.target)) close(); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !open) return;
    if (card.contains(document.activeElement)) { const link = open; link.focus(); }
    close();
  });
  addEventListener("scroll", () => { if (open && innerWidth > 600) place(open); }, { passive: true });

  // tables and code that scroll sideways
  const fit = (box) => {
    const wide = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
    const name = box.querySelector("table")?.getAttribute("aria-labelledby");
    const label = box.querySelector("table")?.getAttribute("aria-label") || "Formula";
    const words = { tabindex: "0", role: "region", [name ? "aria-labelledby" : "aria-label"]: name || label };
    for (const [key, value] of Object.entries(words)) wide ? box.setAttribute(key, value) : box.removeAttribute(key);
  };
  const watch = new ResizeObserver((changes) => changes.forEach(({ target }) => fit(target)));
  document.querySelectorAll(".pst-scrollable-table-container, div.math").forEach((box) => watch.observe(box));

  // the head of the sidebar belongs to a landmark, as all else does
  const head = document.querySelector(".sidebar-primary-items__start > .sidebar-primary-item:first-child");
  if (head) { head.setAttribute("role", "navigation"); head.setAttribute("aria-label", "The paper"); }

  document.querySelectorAll(".has-children > details > summary").forEach((fold) => {
    fold.setAttribute("aria-label", `Pages below ${fold.closest("li").querySelector("a").textContent.trim()}`);
  });

  // the pages of all numbers
  const hash = decodeURIComponent(location.hash);
  if (hash.startsWith("#n-") && !document.getElementById(hash.slice(1))) {
    const lists = [...document.querySelectorAll("a[data-numbers]")].filter((link) => hash.startsWith(`#n-${link.dataset.numbers.replace(/[^a-z0-9]+/g, "-")}-`));
    const longest = lists.sort((one, other) => other.href.length - one.href.length)[0];
    if (longest) location.replace(longest.href + hash);
  }
  const table = document.querySelector(".ledger tbody");
  if (table) {
    const label = made("label", "Show numbers with "), field = made("input"), count = made("span");
    field.type = "search";
    count.setAttribute("role", "status");
    label.append(field);
    const box = made("p", "", "filter");
    box.append(label, " ", count);
    table.closest(".ledger").before(box);
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/);
      let shown = 0;
      for (const row of table.rows) shown += !(row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word)));
      count.textContent = `${shown} of ${table.rows.length}`;
    });
  }
});
