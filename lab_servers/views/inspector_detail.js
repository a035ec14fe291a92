// The panel that explains the selection: value, sentence, specification, bits of the byte, notes; and the status line.

class Detail {
  constructor(store) {
    this.store = store;
    this.element = make("section", { class: "lsi-detail", "aria-label": "Explanation of the selection", tabindex: "0" });
  }

  show() {
    const { store, element } = this;
    const selected = store.selected;
    if (!selected || selected.record === null) {
      element.replaceChildren(make("p", { class: "lsi-hint", text: store.count || store.bytes.client.length || store.bytes.server.length
        ? "Select a record or a byte: its meaning appears here."
        : "Nothing was sent on this connection." }));
      return;
    }
    const details = store.details.get(selected.record);
    const field = details?.fields[selected.field];
    const parts = [this.title(selected, field)];
    if (store.isKernelSilent && !details) parts.push(this.silence());
    else if (!details) parts.push(make("p", { class: "lsi-hint", text: "…" }));
    else {
      parts.push(...(field ? this.aboutField(details, selected) : this.aboutRecord(selected.record, details)));
      parts.push(...this.notes(details, selected));
      parts.push(this.outer(selected));
    }
    element.replaceChildren(...parts.filter(Boolean));
  }

  title(selected, field) {
    const { store } = this;
    const [name, , , isComplete] = store.row(selected.record) ?? ["record", "", 0, 1];
    const size = selected.pieces.reduce((sum, [start, stop]) => sum + stop - start, 0);
    const last = selected.stop - 1;
    const where = `${size === 1 ? `byte ${grouped(selected.start)}` : `bytes ${grouped(selected.start)} to ${grouped(last)} · ${grouped(size)} bytes`}` +
      `${selected.pieces.length > 1 ? ` in ${grouped(selected.pieces.length)} pieces` : ""}`;
    const time = store.time_ms(selected.sender, selected.offset);
    return make("header", {},
      // No <h4>: JupyterLab would take it for a heading of the notebook, list it and number it.
      make("div", { class: "lsi-heading", role: "heading", "aria-level": 4 },
        make("span", { class: `lsi-letter k${field?.sign ?? store.sign(selected.record)}`, "aria-hidden": "true",
          text: store.signs[field?.sign ?? store.sign(selected.record)].letter }),
        make("span", { text: field ? field.name : `${name}${isComplete ? "" : " (incomplete)"}` }),
        field && make("span", { class: "lsi-of", text: field.group && field.group !== field.value ? `${field.group} · ${name}` : name })),
      make("span", { class: "lsi-where", text: time === null ? where : `${where} · at ${milliseconds(time)}`, title: "Time since the connection was opened" }));
  }

  aboutField(details, { field: number, offset }) {
    const field = details.fields[number];
    const parts = [
      make("p", { class: "lsi-value" }, make("bdi", { text: field.value })),
      make("p", { class: "lsi-meaning" }, `${field.meaning} `, link(field)),
    ];
    if (field.bits) parts.splice(1, 0, this.bits(details, number, offset));
    return parts;
  }

  aboutRecord(record, details) {
    const summary = this.store.row(record)?.[1];
    const count = details.fields.length;
    return [
      summary && make("p", { class: "lsi-value" }, make("bdi", { text: summary })),
      make("p", { class: "lsi-hint", text: `${count === 1 ? "1 field" : `${grouped(count)} fields`}. Select one, or a byte.` }),
    ];
  }

  // The byte as eight cells, 7 to 0, with the name of each field over its bits.
  bits(details, selected, offset) {
    const { store } = this;
    const sender = store.sender(details.record);
    const byte = store.bytes[sender][offset];
    const cells = [];
    const names = [];
    details.fields.forEach((field, number) => {
      if (!field.bits || !covers(field.pieces, offset)) return;
      const [high, low] = field.bits;
      const isSelected = number === selected;
      const place = `grid-column: ${8 - high} / ${9 - low}`;
      names.push(make("button", {
        type: "button", class: isSelected ? "sel" : "", style: place, "aria-pressed": isSelected, text: field.name,
        on: { click: () => store.selectRecord(details.record, number, offset) },
      }));
      for (let bit = high; bit >= low; bit--) {
        cells.push(make("span", { class: `lsi-bit${isSelected ? " sel" : ""}${bit === low ? " last" : ""}`, style: `grid-column: ${8 - bit}` },
          make("small", { text: bit }), make("b", { text: (byte >> bit) & 1 })));
      }
    });
    return make("div", { class: "lsi-bits", role: "group", "aria-label": `The bits of byte ${offset}: ${byte.toString(2).padStart(8, "0")}` },
      ...names, ...cells);
  }

  notes(details, selected) {
    return details.notes.map((note, number) => {
      const at = note.pieces[0]?.[0];
      const { word, sign } = SEVERITIES[note.severity];
      return make("div", { class: `lsi-note s${note.severity}${selected.note === number ? " sel" : ""}` },
        make("strong", {}, make("span", { "aria-hidden": "true", text: `${sign} ` }), word),
        make("span", {}, make("bdi", { text: note.text }), " ", link(note)),
        at !== undefined && make("button", {
          type: "button", class: "lsi-goto", text: `byte ${grouped(at)}`, title: "Show the byte",
          on: { click: () => this.store.selectByte(this.store.sender(details.record), at) },
        }) || null);
    });
  }

  // The record of the wire around an event, or the event inside it.
  outer(selected) {
    const { store } = this;
    const others = store.recordsAt(selected.sender, selected.offset).filter((record) => record !== selected.record);
    if (!others.length) return null;
    return make("p", { class: "lsi-also" }, "The same byte is part of: ", ...others.flatMap((record) => {
      const details = store.details.get(record);
      const field = details ? fieldAt(details, selected.offset) : null;
      if (details && field === null) return [];
      const words = [store.row(record)?.[0] ?? "record", details?.fields[field].name].filter(Boolean).join(" · ");
      return [make("button", { type: "button", class: "lsi-goto", on: { click: () => store.selectRecord(record, field, selected.offset, true) } },
        make("span", { class: `lsi-letter k${store.sign(record)}`, "aria-hidden": "true", text: store.signs[store.sign(record)].letter }), ` ${words}`)];
    }));
  }

  silence() {
    return make("p", { class: "lsi-silence", role: "status", text:
      "The kernel does not answer: it is busy, or it is gone. Run the cell again to have every field explained. " +
      "Bytes, records and times can be browsed without it." });
  }
}

// A link to a section of a specification, or its name where it has no address.
function link({ spec, url }) {
  if (!url?.startsWith("https://")) return make("span", { class: "lsi-spec", text: spec });
  return make("a", { class: "lsi-spec", href: url, target: "_blank", rel: "noopener noreferrer", text: spec });
}

// One line about a byte: where it is, what it is, what it belongs to, and when it passed.
function statusOf(store, source, { offset, wire, record, field }) {
  const byte = source.bytes[offset];
  if (byte === undefined) return "";
  const code = `0x${byte.toString(16).padStart(2, "0")}${byte > 0x20 && byte < 0x7f ? ` '${String.fromCharCode(byte)}'` : ""}`;
  const parts = [`${source.isWire ? `from the ${source.sender}, ` : `${source.tab}, `}offset ${grouped(offset)} (0x${offset.toString(16)})`, code];
  if (!source.isWire) parts.push(wire === null ? "no byte of its own on the wire" : `on the wire ${grouped(wire)}`);
  const name = record === null || record === undefined ? null : store.row(record)?.[0];
  const fieldName = field === null || field === undefined ? null : store.details.get(record)?.fields[field]?.name;
  if (name) parts.push(fieldName ? `${fieldName} · ${name}` : name);
  const time = wire === null || wire === undefined ? null : store.time_ms(source.sender, wire);
  if (time !== null) parts.push(`passed ${milliseconds(time)} after the opening`);
  return parts.join("   ");
}
