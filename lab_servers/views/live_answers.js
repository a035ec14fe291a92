// The live panel: controls, and one column for each way in which its answer grows. Everything that a server said is put
// into the page as text. It says what was pressed, shows what Python sends, and never waits for that.

const BUSY_AFTER_MS = 400;

let livePanels = 0;

// Keys in a panel are for its controls, not commands of the notebook; those with Ctrl or Alt are left to JupyterLab.
function keepKeys(event) {
  if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

class LiveColumn {
  constructor(way, id, onStop) {
    this.way = way;
    this.heading = part("h4", { class: "lsa-way", id });
    this.sign = part("span", { class: "lsa-sign", "aria-hidden": "true" });
    this.heading.append(this.sign, part("span", { text: way }));
    this.button = part("button", { type: "button", class: "lsa-button lsa-stop", text: "Stop", "aria-label": `Stop ${way}`, "aria-describedby": `${id}-does`, on: { click: () => onStop(way) } });
    this.does = part("p", { class: "lsa-does", id: `${id}-does` });
    this.clock = part("p", { class: "lsa-clock" });
    this.text = part("div", { class: "lsa-text", tabindex: "0", role: "group", "aria-label": `The answer by ${way}` });
    this.told = part("p", { class: "lsa-told" });
    this.element = part("article", { class: "lsa-column", "aria-labelledby": id },
      this.heading, part("div", { class: "lsa-stopping" }, this.button, this.does), this.clock, this.text, this.told);
  }

  show(column) {
    const atEnd = this.text.scrollTop + this.text.clientHeight >= this.text.scrollHeight - 8;
    say(this.sign, column.sign);
    say(this.does, `${column.stop_does}.`);
    say(this.clock, column.clock);
    say(this.text, column.text);
    say(this.told, column.told);
    this.element.dataset.progress = column.progress;
    this.element.dataset.goesOn = column.goes_on;
    this.button.setAttribute("aria-disabled", String(!column.can_stop));
    if (atEnd) this.text.scrollTop = this.text.scrollHeight; // who has scrolled up to read stays there
  }
}

class LivePanel {
  constructor(model) {
    this.model = model;
    const { fields, ways, note } = model.get("head");
    const prefix = `lsa-${++livePanels}`;
    this.prefix = prefix;
    // Across pages and reloads: Python sends what was typed to every view, and this one must know its own again.
    this.id = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    this.presses = 0;
    this.sent = "";
    this.columns = [];
    this.fields = new Fields(fields, prefix, () => this.typed());
    this.ways = new Map(ways.map((way) => [way, part("input", { type: "checkbox", on: { change: () => this.typed() } })]));
    this.askButton = part("button", { type: "submit", class: "lsa-button lsa-ask", text: "Ask" });
    this.stopButton = part("button", { type: "button", class: "lsa-button", text: "Stop all", on: { click: () => this.press({ press: "stop", way: "" }) } });
    this.endButton = part("button", { type: "button", class: "lsa-button", text: "End the run", on: { click: () => this.press({ press: "end" }) } });
    this.status = part("p", { class: "lsa-status", role: "status" });
    this.board = part("div", { class: "lsa-board" });
    const choices = part("fieldset", { class: "lsa-ways" }, part("legend", { text: "Ways" }),
      ...[...this.ways].map(([way, box]) => part("label", {}, box, part("span", { text: way }))));
    this.element = part("section", { class: "lsa", "aria-label": "Answers as they arrive", on: { keydown: keepKeys } },
      part("form", { class: "lsa-form", novalidate: "", autocomplete: "off", on: { submit: (event) => this.ask(event), keydown: (event) => this.key(event) } },
        part("div", { class: "lsa-fields" }, ...this.fields.elements), choices,
        part("div", { class: "lsa-buttons" }, this.askButton, this.stopButton, this.endButton)),
      this.status, this.board, part("p", { class: "lsa-note", text: note }));
  }

  get chosen() {
    return [...this.ways].filter(([, box]) => box.checked).map(([way]) => way);
  }

  get isPending() {
    return this.sent !== "" && this.model.get("heard") !== this.sent;
  }

  ask(event) {
    event.preventDefault();
    if (this.model.get("is_running") || this.isPending) return;
    this.sent = `${this.id} ${++this.presses}`;
    this.model.send({ press: "ask", id: this.sent, typed: this.fields.values(), ways: this.chosen });
    setTimeout(() => this.showStatus(), BUSY_AFTER_MS);
  }

  key(event) {
    if (event.key === "Enter" && event.target instanceof HTMLInputElement) this.ask(event);
  }

  press(message) {
    if (this.model.get("is_running")) this.model.send(message);
  }

  typed() {
    this.model.send({ typed: this.fields.values(), ways: this.chosen, by: this.id });
  }

  showTyped() {
    const { by, values, ways } = this.model.get("typed");
    if (by === this.id) return; // what this view typed itself may have been changed again since
    this.fields.show(values);
    for (const [way, box] of this.ways) box.checked = ways.includes(way);
  }

  showStatus() {
    say(this.status, this.isPending ? "The kernel is busy: the question goes out when it is free." : this.model.get("status"));
    this.status.classList.toggle("lsa-wrong", this.model.get("is_wrong") && !this.isPending);
    this.fields.blame(this.model.get("wrong"));
  }

  showButtons() {
    // Not `disabled`: the button that was just pressed would lose the focus.
    const running = this.model.get("is_running"), shown = this.model.get("columns");
    this.askButton.setAttribute("aria-disabled", String(running));
    this.stopButton.setAttribute("aria-disabled", String(!running || !shown.some((one) => one.can_stop)));
    this.endButton.setAttribute("aria-disabled", String(!running));
  }

  showColumns() {
    const shown = this.model.get("columns");
    if (shown.map((one) => one.way).join("\n") !== this.columns.map((one) => one.way).join("\n")) {
      this.columns = shown.map((one, place) => new LiveColumn(one.way, `${this.prefix}-way-${place}`, (way) => this.press({ press: "stop", way })));
      this.board.replaceChildren(...this.columns.map((one) => one.element));
    }
    shown.forEach((one, place) => this.columns[place].show(one));
    this.showButtons();
  }

  listen() {
    const on = {
      "change:typed": () => this.showTyped(),
      "change:columns": () => this.showColumns(),
      "change:is_running change:heard": () => (this.showButtons(), this.showStatus()),
      "change:status change:is_wrong change:wrong": () => this.showStatus(),
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
    const made = new LivePanel(model);
    el.append(made.element);
    return made.listen();
  },
};
