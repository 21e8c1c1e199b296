// JupyterLab reads like the paper: the roles of the prose show what the running chapter says.
//
// jupyterlab-myst parses the prose of a cell into a tree and leaves roles it does not know in it. Before the tree is
// drawn, each role of the paper is replaced by its text, which the kernel gives (texts.py, answer), or the server while
// the kernel has not imported livingpaper. Nothing is stored in the notebook. The file is a module container as
// JupyterLab loads it, written by hand, so that no tool has to build it.
(() => {
  "use strict";
  const ROLES = ["result", "verdict", "choice", "stamp", "numref", "doc", "cite"];
  const WRITTEN = new RegExp("\\{(" + ROLES.join("|") + ")\\}`([^`]+)`", "g");
  const KERNEL_LIVES = ["idle", "busy", "starting"];
  const PAUSE_MS = 150; // several cells that run at once are answered once
  const STYLE = `
    .jp-RenderedHTMLCommon:has(> .lp-role) { padding: 0; font-size: inherit; line-height: inherit; color: inherit; }
    .lp-role sup, sup.lp-role { font-size: 0.7em; line-height: 0; color: var(--jp-ui-font-color2); }
    .lp-role.lp-trial { background: var(--jp-warn-color3, #ffe0b2); border-bottom: 2px dashed var(--jp-warn-color1, #f57c00); color: inherit; }
    .lp-role.lp-unknown { color: var(--jp-error-color0, #b71c1c); text-decoration: underline wavy; }
    .lp-numref { color: var(--jp-content-link-color); cursor: pointer; }
    .lp-show { margin: 0; }
    .lp-show svg { max-width: 100%; height: auto; }
    .lp-show > figcaption { max-width: 60em; padding: 0.5em 0; text-align: left; white-space: normal; }
    .lp-show-trial { border-left: 4px solid var(--jp-warn-color1, #f57c00); padding-left: 0.8em; }`;

  let shared; // the modules that JupyterLab shares with its extensions
  const module = async name => (await Object.values(shared[name])[0].get())();

  const escaped = text => text.replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`);
  const keyOf = (role, text) => `${role} ${text.trim()}`;

  function asHtml(role, reply) {
    const classes = ["lp-role", `lp-${role}`];
    if (reply.trial) classes.push("lp-trial");
    if (reply.error) classes.push("lp-unknown");
    if (reply.target) classes.push(`lp-to-${reply.target}`);
    const tag = role === "cite" ? "sup" : "span";
    const mark = reply.mark ? `<sup>${escaped(reply.mark)}</sup>` : "";
    const title = escaped(reply.title || "");
    return `<${tag} class="${escaped(classes.join(" "))}" title="${title}">${escaped(reply.text)}${mark}</${tag}>`;
  }

  // The role that a node of the tree stands for, as it is written: [role, text], or nothing.
  function roleOf(node) {
    if (node.type === "mystRole" && ROLES.includes(node.name)) return [node.name, node.value || ""];
    if (node.type === "crossReference" && node.kind === "numref") return ["numref", node.label || ""];
    if (node.type === "link" && /^[\w-]+$/.test(node.url || "")) {
      const said = (node.children || []).map(child => child.value).join("");
      return ["doc", said ? `${said} <${node.url}>` : node.url];
    }
    if (node.type === "cite") return ["cite", node.label || ""];
    return null;
  }

  const COMMA = { type: "html", value: '<sup class="lp-role">, </sup>' };
  const paragraph = (type, value) => ({ type: "paragraph", children: [{ type, children: [{ type: "text", value }] }] });

  // What stands for a node: works cited at once stand side by side, and directives of Sphinx alone say what they are.
  function instead(node) {
    if (node.type === "citeGroup") return node.children.flatMap((one, place) => (place ? [COMMA, one] : [one]));
    if (node.type !== "mystDirective") return [node];
    if (node.name === "tabularcolumns" || node.args === "latex") return []; // of print
    if (node.name === "rubric") return [paragraph("strong", node.args || "")];
    return [paragraph("emphasis", `Made when the book is built: ${[node.name, node.args].filter(Boolean).join(" ")}.`)];
  }

  // Replace the roles below a node by their texts; a chapter stays a link. Return whether a text is missing.
  function rewrite(node, texts) {
    let missing = false;
    if (node.children) node.children = node.children.flatMap(instead);
    (node.children || []).forEach((child, place) => {
      const role = roleOf(child);
      const reply = role && texts.get(keyOf(...role));
      if (reply && reply.href) {
        node.children[place] = { type: "link", url: reply.href, children: [{ type: "text", value: reply.text }] };
      } else if (reply) {
        node.children[place] = { type: "html", value: asHtml(role[0], reply) };
      } else {
        missing = missing || role !== null;
        missing = rewrite(child, texts) || missing;
      }
    });
    return missing;
  }

  // What one open notebook shows.
  class Chapter {
    constructor(panel, server) {
      Object.assign(this, { panel, server, texts: new Map(), hooked: new WeakSet(), timer: 0, running: false });
      const later = () => this.later();
      panel.content.model?.cells.changed.connect(later);
      panel.sessionContext.kernelChanged.connect(later);
      panel.sessionContext.statusChanged.connect((_, status) => ["restarting", "dead"].includes(status) && later());
      this.later();
    }

    later() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.refresh(), PAUSE_MS);
    }

    get prose() {
      return this.panel.content.widgets.filter(cell => cell.model.type === "markdown" && cell.updateFragmentMDAST);
    }

    async refresh() {
      if (this.panel.isDisposed) return;
      if (this.running) return void (this.again = true);
      this.running = true;
      try {
        this.prose.forEach(cell => this.hook(cell));
        this.panel.content.widgets.forEach(cell => this.fold(cell));
        const roles = this.written();
        if (roles.length && roles.some(role => !this.texts.has(keyOf(...role)))) await this.show(roles, await this.askServer(roles));
        if (roles.length) await this.show(roles, (await this.askKernel(roles)) || (await this.askServer(roles)));
      } catch (error) {
        console.warn(`livingpaper: the numbers could not be refreshed, ${error}`);
      }
      this.running = false;
      if (this.again) {
        this.again = false;
        this.later();
      }
    }

    // Let the tree of a cell pass through here before it is drawn.
    hook(cell) {
      if (this.hooked.has(cell)) return;
      this.hooked.add(cell);
      const parse = cell.updateFragmentMDAST;
      cell.updateFragmentMDAST = async () => {
        await parse.call(cell);
        if (rewrite(cell.fragmentMDAST, this.texts)) this.later();
      };
    }

    // A cell that only shows is folded, as on the page; a click opens it.
    fold(cell) {
      if (this.hooked.has(cell) || !(cell.model.getMetadata("tags") || []).includes("remove-input")) return;
      this.hooked.add(cell);
      cell.inputHidden = true;
    }

    // All roles of the notebook: in its prose, and in the captions of its outputs.
    written() {
      const found = new Map();
      const add = (role, text) => found.set(keyOf(role, text), [role, text.trim()]);
      for (const cell of this.prose) {
        for (const [, role, text] of cell.model.sharedModel.getSource().matchAll(WRITTEN)) {
          (role === "cite" ? text.split(",") : [text]).forEach(part => add(role, part));
        }
      }
      for (const element of this.panel.content.node.querySelectorAll("[data-lp]")) {
        const [role, ...rest] = element.dataset.lp.split(" ");
        add(role, rest.join(" "));
      }
      return [...found.values()];
    }

    async show(roles, replies) {
      if (!replies) return;
      const before = JSON.stringify([...this.texts]);
      this.texts = new Map(roles.map((role, place) => [keyOf(...role), replies[place]]));
      for (const element of this.panel.content.node.querySelectorAll("[data-lp]")) {
        const reply = this.texts.get(element.dataset.lp);
        if (reply) element.innerHTML = asHtml(element.dataset.lp.split(" ")[0], reply);
      }
      if (JSON.stringify([...this.texts]) === before) return;
      const drawn = this.prose.filter(cell => cell.fragmentMDAST);
      for (const cell of drawn) await cell.updateFragmentMDAST();
      await drawn.find(cell => cell.rendered && cell.isAttached)?.render(); // draws all of them
    }

    // The texts as the kernel has them; null while it has not imported livingpaper.
    async askKernel(roles) {
      const kernel = this.panel.sessionContext.session?.kernel;
      if (!kernel || !KERNEL_LIVES.includes(kernel.status)) return null;
      const ran = this.panel.content.widgets.filter(cell => cell.model.type === "code" && cell.model.executionCount);
      const cells = ran.map(cell => cell.model.sharedModel.getSource());
      const literal = JSON.stringify(JSON.stringify({ roles, cells })); // JSON's strings are Python's as well
      const here = '"livingpaper" in __import__("sys").modules';
      const question = `__import__("livingpaper.lab.texts", fromlist=["texts"]).answer(${literal}) if ${here} else None`;
      const request = { code: "", silent: true, store_history: false, user_expressions: { texts: question } };
      const reply = (await kernel.requestExecute(request).done).content.user_expressions?.texts;
      if (reply?.status === "error") throw new Error(`${reply.ename}: ${reply.evalue}`);
      return reply?.data["application/json"] || null;
    }

    // The texts of the committed paper; null where the server does not know of it.
    async askServer(roles) {
      const { ServerConnection, settings } = this.server;
      const path = this.panel.context.path;
      const init = { method: "POST", body: JSON.stringify({ path, roles }) };
      const reply = await ServerConnection.makeRequest(settings.baseUrl + "livingpaper/texts", init, settings);
      return reply.ok ? reply.json() : null;
    }
  }

  // A click on "Table 3" goes to the output that shows it.
  function goToTarget(event) {
    const name = [...(event.target.closest?.(".lp-numref")?.classList || [])].find(word => word.startsWith("lp-to-"));
    if (name) document.getElementById(name.slice("lp-to-".length))?.scrollIntoView({ block: "center", behavior: "smooth" });
  }

  async function plugins() {
    const { INotebookTracker, NotebookActions } = await module("@jupyterlab/notebook");
    const { ServerConnection } = await module("@jupyterlab/services");
    const activate = (app, tracker) => {
      document.head.append(Object.assign(document.createElement("style"), { textContent: STYLE }));
      document.addEventListener("click", goToTarget);
      const server = { ServerConnection, settings: app.serviceManager.serverSettings };
      const chapters = new Map();
      const open = (_, panel) =>
        panel.context.ready.then(() => {
          chapters.set(panel.content, new Chapter(panel, server));
          panel.disposed.connect(() => chapters.delete(panel.content));
        });
      tracker.widgetAdded.connect(open);
      tracker.forEach(panel => open(tracker, panel));
      NotebookActions.executed.connect((_, { notebook }) => chapters.get(notebook)?.later());
    };
    return [{ id: "livingpaper:prose", autoStart: true, requires: [INotebookTracker], activate }];
  }

  (window._JUPYTERLAB ||= {})["livingpaper-prose"] = {
    init: scope => void (shared = scope),
    get: async () => {
      const made = await plugins();
      return () => ({ __esModule: true, default: made });
    },
  };
})();
