// Turns the printed charts into live ones, and joins them with their controls. Without JavaScript the SVG image stays;
// on paper it always does.
document.addEventListener("DOMContentLoaded", () => {
  const minus = (number) => String(number).replace("-", "−");
  const join = (form, view, live) => {
    const moved = (input) => Number(input.value) !== Number(input.defaultValue);
    const follow = (input) => {
      input.nextElementSibling.textContent = `${minus(input.value)} ${input.dataset.unit}`;
      input.setAttribute("aria-valuetext", `${minus(input.value)} ${input.dataset.unit}`);
      view.signal(input.name, Number(input.value));
    };
    let saying;
    const say = () => {
      form.querySelectorAll("[data-parameter]").forEach((line) => { line.textContent = view.signal(line.dataset.parameter); });
      live.setAttribute("aria-label", form.querySelector(".said").innerText.replace(/\s+/g, " "));
    };
    const redraw = async () => {
      const inputs = [...form.querySelectorAll("input")];
      inputs.forEach(follow);
      await view.runAsync();
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
    redraw();
  };
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
      .then((embedded) => {
        live.querySelector("svg").setAttribute("aria-hidden", "true");
        image.before(live);
        image.classList.add("on-paper");
        const form = document.querySelector(`[data-controls="${script.dataset.chart}"]`);
        if (form) join(form, embedded.view, live);
      })
      .catch((error) => console.error(error));
  };
  document.querySelectorAll("script[data-chart]").forEach(draw);
});
