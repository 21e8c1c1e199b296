// Turns the printed charts into live ones. Without JavaScript the SVG image stays.
document.addEventListener("DOMContentLoaded", () => {
  const draw = (script) => {
    const figure = document.getElementById(script.dataset.chart);
    const image = figure && figure.querySelector("img");
    if (!image || !window.vegaEmbed) return;
    const live = document.createElement("div");
    live.className = "live-chart";
    live.setAttribute("role", "img");
    live.setAttribute("aria-label", image.alt);
    const options = { mode: "vega-lite", renderer: "svg", actions: { export: true, source: false, compiled: false, editor: false } };
    window.vegaEmbed(live, JSON.parse(script.textContent), options)
      .then(() => { live.querySelector("svg").setAttribute("aria-hidden", "true"); image.replaceWith(live); })
      .catch((error) => console.error(error));
  };
  document.querySelectorAll("script[data-chart]").forEach(draw);
});
