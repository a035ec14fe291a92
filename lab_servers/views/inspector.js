// Puts the inspector together: toolbar, records, tabs, bytes, explanation and status line; and the keys for all of it.

let views = 0; // so that ids differ between the views of a page

class View {
  constructor(store, root) {
    this.store = store;
    this.prefix = `lsi-${++views}`;
    this.list = new RecordList(store, this.prefix);
    this.hex = new HexPane(store, this.prefix);
    this.detail = new Detail(store);
    this.hex.onHover = (here) => this.showStatus(here);
    this.list.onEnter = () => this.hex.element.focus();
    this.build(root);
    this.listening = new AbortController();
    const listen = (what, then) => store.addEventListener(what, then, { signal: this.listening.signal });
    listen("connection", () => this.begin());
    listen("selected", () => this.showSelection());
    listen("details", () => this.showDetails());
    listen("rows", () => this.showRows());
    listen("kernel", () => this.detail.show());
    this.begin();
  }

  remove() {
    this.listening.abort();
    this.list.remove();
    this.hex.remove();
  }

  // --- the parts ---------------------------------------------------------------------------

  build(root) {
    this.connections = make("select", { "aria-label": "Connection", on: { change: () => {
      this.store.model.set("connection", this.connections.selectedIndex);
      this.store.model.save_changes();
    } } });
    this.kinds = make("select", { "aria-label": "Kind of record", on: { change: () => this.filter() } });
    this.words = make("input", { type: "search", placeholder: "Filter records", "aria-label": "Filter records by text", on: { input: () => this.filter() } });
    this.back = make("button", { type: "button", title: "Previous note (p)", "aria-label": "Previous note", text: "‹", on: { click: () => this.note(-1) } });
    this.onward = make("button", { type: "button", title: "Next note (n)", "aria-label": "Next note", text: "›", on: { click: () => this.note(1) } });
    this.noteCount = make("span", { class: "lsi-count" });
    this.jump = make("input", { type: "text", inputmode: "numeric", placeholder: "Offset", size: 8, "aria-label": "Go to offset", title: "Go to offset (g): 1234 or 0x4d2",
      on: { keydown: (event) => this.jumpKey(event) } });
    this.title = make("div", { class: "lsi-title" });
    this.tabs = make("div", { class: "lsi-tabs", role: "tablist", "aria-label": "Layers", on: { keydown: (event) => this.tabKey(event) } });
    this.legend = make("div", { class: "lsi-legend", "aria-hidden": "true" });
    this.status = make("div", { class: "lsi-status", "aria-hidden": "true" });
    this.spoken = make("div", { class: "lsi-unseen", "aria-live": "polite", role: "status" });
    this.notices = make("div", { class: "lsi-notices" });
    this.frame = make("div", { class: "lsi", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "Byte inspector",
      on: { keydown: (event) => this.key(event) } },
    make("div", { class: "lsi-bar" }, this.title, this.connections,
      make("span", { class: "lsi-push" }),
      make("span", { class: "lsi-notes", role: "group", "aria-label": "Notes" }, this.back, this.noteCount, this.onward), this.jump),
    this.notices,
    make("div", { class: "lsi-panes" },
      make("div", { class: "lsi-left" },
        make("div", { class: "lsi-filter" }, this.kinds, this.words), this.list.element),
      make("div", { class: "lsi-right" }, this.tabs, this.hex.element, this.legend, this.detail.element)),
    this.status, this.spoken,
    make("div", { class: "lsi-unseen", id: `${this.prefix}-keys`, text:
      "Arrow keys move by byte and row, n and p go to the next and previous note, g goes to an offset, Escape leaves." }));
    root.append(this.frame);
  }

  begin() {
    const { store } = this;
    const { head } = store;
    const only = head.connections.length === 1;
    this.title.textContent = only ? head.connections[0] : "";
    this.connections.hidden = only;
    this.connections.replaceChildren(...head.connections.map((text) => make("option", { text })));
    this.connections.selectedIndex = head.connection;
    this.notices.replaceChildren(...head.notices.map((text) => make("p", { text })));
    this.words.value = "";
    this.kindsShown = "";
    this.kinds.replaceChildren();
    this.fillKinds();
    this.list.filter("", "");
    this.hex.show(store.wireSource(), true);
    this.showSelection();
    this.showRows();
  }

  // The kinds to choose from are those that were met so far.
  fillKinds() {
    const { store } = this;
    const names = [...new Set(store.pages.flatMap((page) => page?.map(([name]) => name) ?? []))].sort();
    const layers = LAYERS.filter((layer) => this.presentLayers().has(layer));
    const senders = SENDERS.filter((sender) => store.bytes[sender].length);
    const options = [
      ["", "All records"], ["notes", "With a note"],
      ...(layers.length > 1 ? layers.map((layer) => [layer, { http: "HTTP", sse: "SSE", websocket: "WebSocket" }[layer]]) : []),
      ...(senders.length > 1 ? senders.map((sender) => [sender, `${ARROWS[sender]} from the ${sender}`]) : []),
      ...names.map((name) => [`name:${name}`, name]),
    ];
    const shown = JSON.stringify(options);
    if (shown === this.kindsShown) return;
    this.kindsShown = shown;
    const chosen = this.kinds.value;
    this.kinds.replaceChildren(...options.map(([value, text]) => make("option", { value, text })));
    this.kinds.value = chosen;
    if (this.kinds.selectedIndex < 0) this.kinds.value = "";
  }

  presentLayers() {
    if (this.layersOf !== this.store.places) {
      this.layersOf = this.store.places;
      this.layers = new Set();
      for (let record = 0; record < this.store.count; record++) this.layers.add(this.store.layer(record));
    }
    return this.layers;
  }

  filter() {
    this.list.filter(this.kinds.value, this.words.value);
  }

  // --- what is shown ------------------------------------------------------------------------

  showRows() {
    this.fillKinds();
    if (this.list.records) this.list.gather();
    else this.list.rows.update((element) => element.isPartial);
    let notes = 0;
    for (const page of this.store.pages) for (const row of page ?? []) if (row[2]) notes++;
    const more = this.store.isWhole ? "" : "…";
    this.noteCount.textContent = notes ? `${grouped(notes)}${more} with notes` : `no notes${more}`;
    this.back.disabled = this.onward.disabled = notes === 0;
    this.detail.show();
  }

  showDetails() {
    this.list.refresh(false);
    this.detail.show();
    this.hex.paint();
  }

  async showSelection() {
    const { store } = this;
    this.list.refresh();
    this.detail.show();
    if (store.wanted === "wire") this.hex.show(store.wireSource());
    this.showStatus(null);
    this.showTabs();
    const selected = store.selected;
    const source = await store.source();
    if (selected !== store.selected) return;
    this.hex.show(source);
    this.showTabs();
    this.showStatus(null);
    this.say();
  }

  async showTabs() {
    const { store } = this;
    const selected = store.selected;
    const found = await store.tabs();
    if (selected !== store.selected) return;
    const shown = this.hex.source;
    const tabs = [
      ...SENDERS.filter((sender) => store.bytes[sender].length || sender === selected?.sender).map((sender) => ({
        label: `${ARROWS[sender]} ${sender}`, size: store.bytes[sender].length, isOn: shown.isWire && shown.sender === sender,
        title: `What the ${sender} sent, as it was on the wire`, choose: () => store.showWire(sender),
      })),
      ...found.map(({ id, about }) => ({
        label: id, isOn: shown.tab === id, title: `A layer of this record: ${id}, ${grouped(about.size)} bytes`, choose: () => store.show(id), isLayer: true,
      })),
    ];
    const text = JSON.stringify(tabs);
    if (text !== this.tabsShown) {
      this.tabsShown = text;
      const hadFocus = this.tabs.contains(document.activeElement);
      const caption = (text) => make("span", { class: "lsi-caption", role: "presentation", text });
      const buttons = tabs.map(({ label, size, isOn, title, isLayer, choose }) => make("button", {
        type: "button", role: "tab", class: isLayer ? "layer" : "wire", title, "aria-selected": isOn, tabindex: isOn ? 0 : -1, on: { click: choose },
      }, label, size === undefined ? "" : make("small", { text: `${grouped(size)} B` })));
      const layers = buttons.filter((_, i) => tabs[i].isLayer);
      this.tabs.replaceChildren(caption("wire"), ...buttons.filter((_, i) => !tabs[i].isLayer), ...(layers.length ? [caption("layers"), ...layers] : []));
      if (hadFocus) this.tabs.querySelector("[aria-selected=true]")?.focus();
    }
    this.showLegend();
  }

  showLegend() {
    const { store } = this;
    if (this.legendOf === store.places) return;
    this.legendOf = store.places;
    const signs = new Set();
    for (let record = 0; record < store.count; record++) signs.add(store.sign(record));
    // What the fields of these records may be besides.
    if (signs.has(2)) signs.add(3);
    if (signs.has(4)) signs.add(3).add(5);
    this.legend.replaceChildren(...[...signs].sort().map((sign) => make("span", {},
      make("span", { class: `lsi-letter k${sign}`, text: store.signs[sign].letter }), make("span", { class: `lsi-key k${sign}`, text: store.signs[sign].word }))));
  }

  showStatus(hovered) {
    const { store, hex } = this;
    const here = hovered ?? (hex.cursor === null ? null : { ...hex.at(hex.cursor), offset: hex.cursor });
    // Of the bit fields of one byte, the selected one.
    if (here && !hovered && here.record === store.selected?.record) here.field = store.selected.field;
    const text = here ? statusOf(store, hex.source, here) : hex.source.isWire ? "" : "What is selected has no byte of its own in this layer.";
    this.status.textContent = text;
    this.status.classList.toggle("hov", Boolean(hovered));
  }

  say() {
    const { store } = this;
    const field = store.details.get(store.selected?.record)?.fields[store.selected.field];
    const value = field ? `${field.name}: ${field.value.slice(0, 80)}. ` : "";
    this.spoken.textContent = `${value}${this.status.textContent}`;
  }

  // --- keys ----------------------------------------------------------------------------------

  async note(step) {
    const found = await this.store.selectNote(step);
    if (!found) this.spoken.textContent = this.status.textContent = step > 0 ? "No note after this." : "No note before this.";
  }

  key(event) {
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "Escape") this.leave(event, isTyping);
    else if (isTyping || event.altKey || event.metaKey || event.ctrlKey) {
      event.stopPropagation();
      return;
    } else if (event.key === "n") this.note(1);
    else if (event.key === "p") this.note(-1);
    else if (event.key === "g") this.jump.select();
    else if (event.key === "/") this.words.focus();
    else {
      if (event.key !== "Tab") event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  // Escape leads from an input to the bytes, and from the inspector back to the notebook's cell.
  leave(event, isTyping) {
    if (isTyping) this.hex.element.focus();
    else {
      const outside = this.frame.parentElement.closest(".jp-Cell") ?? this.frame.parentElement.closest("[tabindex]");
      if (outside?.matches("[tabindex]")) outside.focus({ preventScroll: true });
      if (this.frame.contains(document.activeElement)) document.activeElement.blur();
    }
  }

  jumpKey(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const offset = Number(this.jump.value.replaceAll(/[ ,_]/g, "") || NaN);
    const isThere = Number.isInteger(offset) && offset >= 0 && offset < this.hex.source.bytes.length;
    this.jump.setAttribute("aria-invalid", !isThere);
    if (isThere) {
      this.hex.moveTo(offset);
      this.hex.element.focus();
    } else {
      const size = this.hex.source.bytes.length;
      this.spoken.textContent = this.status.textContent = size ? `Offsets go from 0 to ${grouped(size - 1)}.` : "There are no bytes.";
    }
  }

  tabKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const buttons = [...this.tabs.querySelectorAll("[role=tab]")];
    const next = buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length];
    next?.focus();
    next?.click();
  }
}

// One store for each model, whatever the number of its views.
export default () => {
  let store;
  return {
    initialize({ model }) {
      store = new Store(model);
    },
    render({ el }) {
      const view = new View(store, el);
      return () => view.remove();
    },
  };
};
