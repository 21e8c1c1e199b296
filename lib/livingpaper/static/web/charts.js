// Turns printed charts into live ones when they come into view, each in the drawing for the width at hand, and joins them
// with their controls. Without JavaScript the SVG image stays; on paper it always does.
(() => {
  const bundle = new URL("vega-bundle.js", document.currentScript.src);
  const phone = window.matchMedia("(max-width: 600px)");
  const minus = (number) => String(number).replace("-", "−");
  let loading;
  const library = () => loading ||= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = bundle;
    script.onload = done;
    script.onerror = failed;
    document.head.append(script);
  });
  const specOf = (script) => {
    const all = JSON.parse(script.textContent);
    return { ...all.both, ...((phone.matches && all.narrow) || all.wide) };
  };
  const join = (form, chart) => {
    const moved = (input) => Number(input.value) !== Number(input.defaultValue);
    let saying;
    const say = () => {
      form.querySelectorAll("[data-parameter]").forEach((line) => { line.textContent = chart.view.signal(line.dataset.parameter); });
      chart.picture.setAttribute("aria-label", form.querySelector(".said").innerText.replace(/\s+/g, " "));
    };
    const redraw = async () => {
      const inputs = [...form.querySelectorAll("input")];
      inputs.forEach((input) => {
        const said = `${minus(input.value)} ${input.dataset.unit}`;
        input.nextElementSibling.textContent = said;
        input.setAttribute("aria-valuetext", said);
        chart.view.signal(input.name, Number(input.value));
      });
      await chart.view.runAsync();
      const yours = inputs.some(moved);
      form.querySelector("[data-whose]").textContent = yours ? "This is your choice, not the paper's." : "These are the paper's choices.";
      form.querySelector("button").disabled = !yours;
      form.classList.toggle("yours", yours);
      clearTimeout(saying);
      saying = setTimeout(say, 200); // a screen reader hears where the hand stops, not every step
    };
    form.addEventListener("input", redraw);
    form.addEventListener("reset", () => { setTimeout(redraw); form.querySelector("input").focus(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    return redraw;
  };
  const draw = async (script, image, chart) => {
    await library();
    const live = document.createElement("div");
    live.className = "live-chart";
    const actions = { export: true, source: false, compiled: false, editor: false };
    const words = { SVG_ACTION: "Save as SVG", PNG_ACTION: "Save as PNG" };
    const options = { mode: "vega-lite", renderer: "svg", defaultStyle: false, forceActionsMenu: true, actions, i18n: words, downloadFileName: script.dataset.chart };
    const made = await window.vegaEmbed(live, specOf(script), options);
    live.querySelector("svg").setAttribute("aria-hidden", "true");
    if (chart.live) { chart.view.finalize(); chart.live.remove(); }
    chart.live = live;
    chart.view = made.view;
    chart.picture = live.querySelector(".chart-wrapper"); // the menu stays outside of what is read as a picture
    chart.picture.setAttribute("role", "img");
    chart.picture.setAttribute("aria-label", image.alt);
    live.querySelector("summary").textContent = "Save chart";
    (image.closest("picture") || image).before(live);
    image.classList.add("on-paper");
    const form = document.querySelector(`[data-controls="${script.dataset.chart}"]`);
    if (form) await (chart.redraw ||= join(form, chart))();
  };
  // the library is heavy: it comes when a reader moves, until then the pictures say the same
  const signs = ["scroll", "pointermove", "pointerdown", "touchstart", "keydown", "focusin"];
  const awake = new Promise((done) => signs.forEach((sign) => window.addEventListener(sign, done, { once: true, passive: true })));
  const start = () => document.querySelectorAll("script[data-chart]").forEach((script) => {
    const image = document.getElementById(script.dataset.chart)?.querySelector("img");
    if (!image) return;
    const chart = {};
    const redraw = () => draw(script, image, chart).catch((error) => console.error(error));
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      awake.then(redraw);
      phone.addEventListener("change", redraw);
    }, { rootMargin: "300px" });
    seen.observe(image.closest("figure"));
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
