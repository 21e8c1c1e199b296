// Marks three of each kind of text of a page, of rows the odd and the even ones, and lets axe measure their contrast alone.
() => {
  const kindOf = (e) => {
    const steps = [];
    for (let up = e; up && up !== document.documentElement; up = up.parentElement) {
      const odd = up.matches("tr, li") ? [...up.parentElement.children].indexOf(up) % 2 : "";
      steps.push([up.tagName, odd, up.getAttribute("class"), up.getAttribute("style"), up.getAttribute("fill")].join("|"));
    }
    return steps.join(">");
  };
  const seen = new Map();
  for (const e of document.body.querySelectorAll("*")) {
    const kind = kindOf(e);
    const texts = [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()) || e.matches("input, select, textarea, button");
    if (texts) seen.set(kind, (seen.get(kind) || 0) + 1);
    if (texts && seen.get(kind) <= 3) e.setAttribute("data-one-of-its-kind", "");
  }
  axe.configure({ rules: [{ id: "color-contrast", selector: "[data-one-of-its-kind]" }] });
}
