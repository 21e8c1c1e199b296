// Every text of every live chart of a page: its size on the screen, and whether it stays inside of its chart and window.
async () => {
  const figures = [...document.querySelectorAll("script[data-chart]")].map((script) => document.getElementById(script.dataset.chart));
  window.dispatchEvent(new Event("scroll"));
  for (const figure of figures) {
    figure.scrollIntoView({ block: "center" });
    const late = Date.now() + 20000;
    while (!figure.querySelector(".live-chart .chart-wrapper[role=img]") && Date.now() < late) await new Promise((go) => setTimeout(go, 50));
  }
  const faults = [];
  for (const figure of figures) {
    const live = figure.querySelector(".live-chart");
    if (!live) { faults.push(`${figure.id}: not drawn`); continue; }
    const svg = live.querySelector("svg");
    const frame = svg.getBoundingClientRect();
    if (frame.left < -0.5 || frame.right > document.documentElement.clientWidth + 0.5) faults.push(`${figure.id}: wider than the window`);
    for (const text of svg.querySelectorAll("text")) {
      if (!text.textContent.trim() || getComputedStyle(text).opacity === "0") continue;
      const size = parseFloat(getComputedStyle(text).fontSize) * frame.width / svg.viewBox.baseVal.width;
      const box = text.getBoundingClientRect();
      if (size < 10.99) faults.push(`${figure.id}: ${size.toFixed(1)} px: ${text.textContent}`);
      const out = Math.max(frame.left - box.left, box.right - frame.right, frame.top - box.top, box.bottom - frame.bottom);
      if (out > 1.5) faults.push(`${figure.id}: ${out.toFixed(1)} px over the edge: ${text.textContent}`);
      if (text.textContent.endsWith("…")) faults.push(`${figure.id}: cut off: ${text.textContent}`);
    }
  }
  return { drawn: figures.length, faults };
}
