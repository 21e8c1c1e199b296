// Returns what a reader of the page would stumble over; run inside the page by test_built_browser.py.
() => {
  const width = document.documentElement.clientWidth;
  const name = (e) => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (e.className && e.className.split ? "." + e.className.split(" ").join(".") : "");
  const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getClientRects().length > 0;
  const scrolls = (e) => {
    for (let up = e; up && up !== document.body; up = up.parentElement) {
      const style = getComputedStyle(up);
      if (up !== e && ["auto", "scroll"].includes(style.overflowX) && up.getBoundingClientRect().right <= width + 1) return true;
      if (style.position === "fixed") return true;
    }
    return false;
  };
  const clipped = (e) => {
    for (let up = e.parentElement; up && up !== document.body; up = up.parentElement)
      if (["hidden", "clip"].includes(getComputedStyle(up).overflowX) && up.getBoundingClientRect().width <= 1) return true;
    return false;
  };
  const wide = [...document.body.querySelectorAll("*")]
    .filter((e) => seen(e) && e.getBoundingClientRect().right > width + 1 && e.getBoundingClientRect().width > 1 && !scrolls(e) && !clipped(e))
    .filter((e) => !e.closest("svg") || e.tagName === "svg")
    .map((e) => name(e) + " reaches " + Math.round(e.getBoundingClientRect().right) + " of " + width);

  const light = (c) => { const v = c / 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); };
  const parse = (c) => (c.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const ground = (e) => {
    for (let up = e; up; up = up.parentElement) {
      const c = parse(getComputedStyle(up).backgroundColor);
      if (c.length < 4 || c[3] > 0.5) return c;
    }
    return [255, 255, 255];
  };
  const faint = [...document.querySelectorAll("article p, article li, article td, article th, article a, article code, figcaption, caption, h1, h2, h3, .stamp, .bd-header-announcement__content, nav a")]
    .filter((e) => seen(e) && e.textContent.trim() && !e.classList.contains("headerlink"))
    .map((e) => {
      const [a, b] = [luminance(parse(getComputedStyle(e).color)), luminance(ground(e))].sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), name(e), e.textContent.trim().slice(0, 30)];
    })
    .filter(([ratio]) => ratio < 4.5)
    .map(([ratio, who, text]) => who + " '" + text + "' has contrast " + ratio.toFixed(2));

  const broken = [...document.images].filter((i) => i.complete && !i.naturalWidth).map((i) => i.src);

  const over = document.documentElement.scrollWidth - width;
  const scroll = over > 1 ? [over + " pixels"] : [];
  return { wide: wide.slice(0, 8), faint: [...new Set(faint)].slice(0, 8), broken, scroll };
}
