// Puts a scenario panel together: question, fields, buttons, status, progress and pages. It says what was pressed, and
// shows what Python answers; it never waits for that.

// A press that was not heard of by then is one that a busy kernel has yet to come to.
const BUSY_AFTER_MS = 400;

let panels = 0;

// Keys in a panel are for its controls: in the notebook's command mode an arrow goes to another cell, and a letter is a
// command. Those with Ctrl or Alt, such as the one that saves, are left to JupyterLab.
function keep(event) {
  if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
}

class Panel {
  constructor(model) {
    this.model = model;
    const { name, sentence, fields } = model.get("head");
    // Across pages and reloads: Python sends what was typed to every view, and this one must know its own again.
    this.id = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    this.presses = 0;
    this.sent = "";
    const prefix = `lss-${++panels}`;
    this.fields = new Fields(fields, prefix, () => this.typed());
    this.runButton = part("button", { type: "submit", class: "lss-button lss-run", text: "Run" });
    this.cancelButton = part("button", { type: "button", class: "lss-button", text: "Cancel", on: { click: () => this.cancel() } });
    this.status = part("p", { class: "lss-status", role: "status" });
    this.bar = part("progress", { "aria-label": "Progress of the run" });
    this.time = part("span", { class: "lss-time" });
    this.progress = part("div", { class: "lss-progress" }, this.bar, this.time);
    this.pages = new Pages(prefix, (tab) => this.opened(tab));
    this.element = part("section", { class: "lss", "aria-label": `Panel of ${name}`, on: { keydown: keep } },
      part("p", { class: "lss-question" }, part("span", { class: "lss-name", text: name }), " ", sentence),
      part("form", { class: "lss-form", novalidate: "", autocomplete: "off", on: { submit: (event) => this.run(event), keydown: (event) => this.key(event) } },
        part("div", { class: "lss-fields" }, ...this.fields.elements),
        part("div", { class: "lss-buttons" }, this.runButton, this.cancelButton)),
      part("div", { class: "lss-said" }, this.status, this.progress),
      this.pages.element);
    this.fields.show(model.get("typed").values ?? {});
  }

  // --- what is pressed and typed ---------------------------------------------------------------------------

  get isBusy() {
    return this.model.get("is_running") || this.isPending;
  }

  // Whether a press is on its way to the kernel.
  get isPending() {
    return this.sent !== "" && this.model.get("heard") !== this.sent;
  }

  run(event) {
    event.preventDefault();
    if (this.isBusy) return;
    this.sent = `${this.id} ${++this.presses}`;
    this.model.send({ press: "run", id: this.sent, typed: this.fields.values() });
    setTimeout(() => this.showStatus(), BUSY_AFTER_MS);
    this.showButtons();
  }

  // Enter in a field runs. A browser would do that by itself, but JupyterLab keeps the key from it.
  key(event) {
    if (event.key === "Enter" && event.target instanceof HTMLInputElement) this.run(event);
  }

  cancel() {
    if (this.isBusy) this.model.send({ press: "cancel" });
  }

  typed() {
    this.model.send({ typed: this.fields.values(), by: this.id });
  }

  opened(tab) {
    this.model.send({ tab });
  }

  // --- what is shown ---------------------------------------------------------------------------------------

  showTyped() {
    const { by, values } = this.model.get("typed");
    if (by !== this.id) this.fields.show(values); // what this view typed itself may have been changed again since
  }

  showButtons() {
    // Not `disabled`: the button that was just pressed would lose the focus.
    this.runButton.setAttribute("aria-disabled", String(this.isBusy));
    this.cancelButton.setAttribute("aria-disabled", String(!this.isBusy));
  }

  showStatus() {
    const text = this.isPending ? "The kernel is busy: the run begins when it is free." : this.model.get("status");
    if (this.status.textContent !== text) this.status.textContent = text;
    this.status.classList.toggle("lss-wrong", this.model.get("is_wrong") && !this.isPending);
    this.fields.blame(this.model.get("wrong"));
  }

  showProgress() {
    const elapsed = this.model.get("elapsed_s"), about = this.model.get("about_s");
    this.progress.classList.toggle("lss-shown", elapsed >= 0);
    if (elapsed < 0) return;
    this.bar.max = Math.max(about, elapsed);
    this.bar.value = elapsed;
    this.time.textContent = `${elapsed.toFixed(1)} s of about ${about.toFixed(1)} s`;
  }

  showNote() {
    this.pages.note.textContent = this.model.get("bytes_note");
  }

  listen() {
    const on = {
      "change:typed": () => this.showTyped(),
      "change:is_running change:heard": () => (this.showButtons(), this.showStatus()),
      "change:status change:is_wrong change:wrong": () => this.showStatus(),
      "change:elapsed_s change:about_s": () => this.showProgress(),
      "change:pages": () => this.pages.show(this.model.get("pages")),
      "change:bytes_note": () => this.showNote(),
    };
    for (const [names, then] of Object.entries(on)) {
      this.model.on(names, then);
      then();
    }
    return () => Object.entries(on).forEach(([names, then]) => this.model.off(names, then));
  }
}

export default {
  render({ model, el }) {
    const made = new Panel(model);
    el.append(made.element);
    return made.listen();
  },
};
