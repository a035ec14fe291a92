// The pane of bytes: hexadecimal and text side by side, of the wire or of a layer, with a cursor that keys can move.

const HEX_ROW_PX = 24;
const WIDE_PX = 644; // from this width on a row of 16 bytes has room,
const TIGHT_PX = 556; // from this one on they stand closer together; below it, a row holds 8
const DATA_SIGN = 3;
const SHOWN_CHARACTER = /^[\p{L}\p{N}\p{P}\p{S}]$/u;

// What to show for a byte as text: ASCII, a character of UTF-8 at its first byte, else a dot.
function glyph(bytes, offset) {
  const byte = bytes[offset];
  if (byte < 0x80) return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
  let lead = offset;
  while (lead > offset - 3 && lead > 0 && (bytes[lead] & 0xc0) === 0x80) lead--;
  const size = bytes[lead] >= 0xf0 ? 4 : bytes[lead] >= 0xe0 ? 3 : bytes[lead] >= 0xc2 ? 2 : 0;
  if (size <= offset - lead) return "·";
  try {
    const character = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(lead, lead + size));
    if (!SHOWN_CHARACTER.test(character)) return "·";
    return lead === offset ? character : "";
  } catch {
    return "·";
  }
}

class HexPane {
  constructor(store, prefix) {
    this.store = store;
    this.prefix = prefix;
    this.source = store.wireSource();
    this.columns = 16;
    this.cursor = 0; // in the source; null where the selection has no byte there
    this.hovered = null;
    this.rows = new Rows(HEX_ROW_PX, (row) => this.draw(row), {
      class: "lsi-hex", role: "grid", "aria-label": "Bytes, hexadecimal", "aria-describedby": `${prefix}-keys`,
    });
    this.element = this.rows.element;
    this.rows.onUpdate = () => this.paint();
    this.element.addEventListener("pointerdown", (event) => this.press(event));
    this.element.addEventListener("pointerover", (event) => this.hover(event));
    this.element.addEventListener("pointerleave", () => this.hover(null));
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.rows.onResize = () => this.fit();
  }

  remove() {
    this.rows.remove();
  }

  fit() {
    const width_px = this.element.clientWidth;
    if (!width_px) return; // not in sight
    this.element.classList.toggle("tight", width_px >= TIGHT_PX && width_px < WIDE_PX);
    this.columns = width_px >= TIGHT_PX ? 16 : 8;
    this.show(this.source, true);
  }

  show(source, anew = false) {
    const { store } = this;
    const isNew = anew || source.id !== this.source.id || source.bytes !== this.source.bytes;
    if (isNew && source.id !== this.source.id) this.cursor = 0;
    this.source = source;
    const wire = store.selected?.sender === source.sender ? store.selected.offset : null;
    const isMapped = source.isWire || source.after(0) !== null;
    if (isMapped) this.cursor = wire === null ? null : source.fromWire(wire);
    if (isNew) {
      this.rows.setCount(Math.max(Math.ceil(source.bytes.length / this.columns), 1));
      this.element.setAttribute("aria-rowcount", this.rows.count);
      this.element.dataset.columns = this.columns;
      this.rows.update(true);
    }
    const near = this.cursor ?? (wire === null ? null : source.after(wire));
    if (near !== null) this.rows.reveal(Math.floor(near / this.columns));
    this.rows.update();
  }

  // --- drawing ---------------------------------------------------------------------------

  draw(row) {
    const { source, columns } = this;
    const first = row * columns;
    const hex = [];
    const text = [];
    for (let offset = first; offset < Math.min(first + columns, source.bytes.length); offset++) {
      const digits = source.bytes[offset].toString(16).padStart(2, "0");
      hex.push(make("span", { role: "gridcell", id: `${this.prefix}-b${offset}`, "data-o": offset, text: digits }));
      const shown = glyph(source.bytes, offset);
      text.push(make("span", { "data-o": offset, "data-wide": shown > "\x7f" && shown !== "·", text: shown }));
    }
    const element = make("div", { class: "lsi-hex-row", role: "row", "aria-rowindex": row + 1 },
      make("span", { class: "lsi-offset", role: "rowheader", text: first.toString(16).padStart(6, "0") }),
      make("span", { class: "lsi-gutter", "aria-hidden": "true" }),
      make("span", { class: "lsi-bytes", role: "presentation" }, ...hex),
      make("span", { class: "lsi-text", "aria-hidden": "true" }, ...text));
    element.cells = { first, hex, text, gutter: element.children[1] };
    return element;
  }

  // What lies at a byte of the source: its place on the wire, record, field and sign.
  at(offset) {
    const { source, store } = this;
    const wire = offset >= 0 && offset < source.bytes.length ? source.toWire(offset) : null;
    if (wire === null) return { wire: null, record: null, field: null, sign: source.isWire ? null : DATA_SIGN };
    const { record, field, isKnown } = store.placeAt(source.sender, wire);
    const details = field === null ? null : store.details.get(record);
    const sign = record === null ? 0 : (details?.fields[field].sign ?? store.sign(record));
    return { wire, record, field, sign, isKnown };
  }

  paint() {
    const { store, source, hovered } = this;
    const pieces = store.selected?.sender === source.sender ? store.selected.pieces : [];
    const unknown = new Set();
    for (const { cells } of this.rows.shown.values()) {
      let before = this.at(cells.first - 1);
      let here = this.at(cells.first);
      const letters = [];
      for (let i = 0; i < cells.hex.length; i++) {
        const offset = cells.first + i;
        const after = this.at(offset + 1);
        if (here.isKnown === false) unknown.add(here.record);
        if (here.sign !== before.sign || (here.record !== before.record && source.isWire)) letters.push(store.signs[here.sign].letter);
        const isLast = after.record !== here.record || after.field !== here.field || i === cells.hex.length - 1;
        const isHovered = hovered && (here.record === null ? offset === hovered.offset
          : here.record === hovered.record && here.field === hovered.field);
        const name = `k${here.sign}${isLast ? " last" : ""}${here.wire !== null && covers(pieces, here.wire) ? " sel" : ""}` +
          `${isHovered ? " hov" : ""}${offset === this.cursor ? " cur" : ""}`;
        if (cells.hex[i].className !== name) cells.hex[i].className = cells.text[i].className = name;
        before = here;
        here = after;
      }
      const shown = letters.slice(0, 3).join("");
      if (cells.gutter.textContent !== shown) cells.gutter.textContent = shown;
    }
    if (this.cursor === null) this.element.removeAttribute("aria-activedescendant");
    else this.element.setAttribute("aria-activedescendant", `${this.prefix}-b${this.cursor}`);
    this.learn(unknown);
  }

  // Ask for the fields of what is in sight, once scrolling rests.
  learn(records) {
    clearTimeout(this.learning);
    const wanted = [...records].filter((record) => !this.store.asking.has(record)).slice(0, 64);
    if (wanted.length) this.learning = setTimeout(() => this.store.detailsOf(wanted), 60);
  }

  // --- pointer and keys --------------------------------------------------------------------

  press(event) {
    const offset = event.target.dataset?.o;
    if (offset === undefined || event.button !== 0) return;
    event.preventDefault();
    this.element.focus({ preventScroll: true });
    this.moveTo(Number(offset));
  }

  hover(event) {
    const offset = event?.target.dataset?.o;
    const here = offset === undefined ? null : { ...this.at(Number(offset)), offset: Number(offset) };
    if (here?.offset === this.hovered?.offset) return;
    this.hovered = here;
    this.paint();
    this.onHover?.(here);
  }

  moveTo(offset) {
    const { source } = this;
    const to = Math.min(Math.max(offset, 0), source.bytes.length - 1);
    if (to < 0) return;
    this.cursor = to;
    const wire = source.toWire(to);
    if (wire !== null) this.store.selectByte(source.sender, wire);
    else {
      this.rows.reveal(Math.floor(to / this.columns));
      this.rows.update();
      this.onHover?.(null);
    }
  }

  key(event) {
    if (event.altKey || event.metaKey) return;
    const { columns, source } = this;
    const page = columns * Math.max(this.rows.inSight - 1, 1);
    const from = this.cursor ?? source.after(this.store.selected?.offset ?? 0) ?? 0;
    const row = from - (from % columns);
    const to = {
      ArrowLeft: from - 1, ArrowRight: from + 1, ArrowUp: from - columns, ArrowDown: from + columns,
      PageUp: from - page, PageDown: from + page,
      Home: event.ctrlKey ? 0 : row, End: event.ctrlKey ? source.bytes.length - 1 : row + columns - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    // A step out of the first or last row stays in its column.
    const isOutside = to < 0 || to >= source.bytes.length;
    this.moveTo(isOutside && (event.key === "ArrowUp" || event.key === "ArrowDown") ? from : to);
  }
}
