// The truncation slider: two choices, a slider over bytes, what came, what is lost, and six verdicts. All is text.

const BEFORE = 96, AFTER = 48;
const SPEAK_AFTER_MS = 700;
const decoder = new TextDecoder();
let made = 0;

const element = (name, className, text) => {
  const one = document.createElement(name);
  if (className) one.className = className;
  if (text !== undefined) one.textContent = text;
  return one;
};

// Line ends are shown and obeyed; what a terminal would obey is shown as a sign; half a character is U+FFFD.
const asText = (bytes) =>
  decoder.decode(bytes)
    .replace(/\r/g, "←").replace(/\n/g, "↵\n")
    .replace(/[\u0000-\u0009\u000b-\u001f]/g, (char) => String.fromCharCode(0x2400 + char.charCodeAt(0)))
    .replace(/[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "�");

export default {
  render({ model, el }) {
    const prefix = `lst-${++made}`;
    const root = element("div", "lst");
    // JupyterLab would take the arrow keys for its own: it leaves what bears this alone.
    root.dataset.lmSuppressShortcuts = "true";
    root.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
    });
    const controls = element("div", "lst-controls");

    const choice = (name, label, options) => {
      const box = element("label", "", label);
      const select = element("select");
      for (const option of options) select.append(new Option(option, option));
      select.addEventListener("change", () => {
        model.set(name, select.value);
        model.save_changes();
      });
      box.append(select);
      controls.append(box);
      return select;
    };
    const way = choice("way", "Answer", model.get("ways"));
    const ending = choice("ending", "How it ends", model.get("endings"));

    const sliderLabel = element("label", "lst-slider", "Cut after so many bytes");
    const slider = element("input");
    slider.type = "range";
    slider.min = 0;
    slider.setAttribute("aria-describedby", `${prefix}-where`);
    sliderLabel.append(slider);

    const where = element("p", "lst-where");
    where.id = `${prefix}-where`;
    const spoken = element("p", "lst-unseen");
    spoken.setAttribute("role", "status");

    const wireBox = element("pre", "lst-wire");
    const before = element("span");
    const scissors = element("span", "lst-cut", "✂");
    const after = element("s", "lst-lost");
    wireBox.append(before, scissors, after);
    const shown = element("p", "lst-shown");

    const table = element("table");
    table.setAttribute("aria-label", "What each strategy says");
    const headRow = element("tr");
    for (const name of ["strategy", "says", "because", "in truth"]) {
      const cell = element("th", "", name);
      cell.scope = "col";
      headRow.append(cell);
    }
    const thead = element("thead"), body = element("tbody");
    thead.append(headRow);
    table.append(thead, body);

    root.append(
      controls, sliderLabel, where, spoken,
      element("p", "lst-head", "Bytes that came, and bytes that are lost (← is CR, ↵ is LF)"), wireBox,
      element("p", "lst-head", "What the reader shows"), shown, table,
    );
    el.append(root);

    let timer;
    const turnAt = (turns, cut) => {
      let low = 0, high = turns.length - 1;
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if (turns[middle].at <= cut) low = middle;
        else high = middle - 1;
      }
      return turns[low];
    };

    const show = () => {
      const data = model.get("data"), view = model.get("wire");
      if (!data.turns) return;
      const wire = view instanceof DataView ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
        : new Uint8Array(view);
      const cut = Math.min(Math.max(model.get("cut"), 0), data.size);
      const turn = turnAt(data.turns, cut);
      way.value = model.get("way");
      ending.value = model.get("ending");
      slider.max = data.size;
      slider.value = cut;
      const bytes = (count) => count.toLocaleString("en");
      where.textContent = `${bytes(cut)} of ${bytes(data.size)} bytes came. ${turn.missing}`;
      slider.setAttribute("aria-valuetext", `${bytes(cut)} bytes`);
      before.textContent = asText(wire.subarray(Math.max(cut - BEFORE, 0), cut));
      after.textContent = asText(wire.subarray(cut, cut + AFTER));
      shown.textContent = turn.shown || "(nothing yet)";
      body.replaceChildren(...turn.rows.map(([strategy, says, why, truth, outcome]) => {
        const row = element("tr", `lst-${outcome.toLowerCase()}`);
        const name = element("th", "", strategy);
        name.scope = "row";
        row.append(name, element("td", "", says), element("td", "", why), element("td", "lst-truth", truth));
        return row;
      }));
      clearTimeout(timer);
      const lies = turn.rows.filter((row) => row[4] === "LIE").map((row) => row[0]);
      timer = setTimeout(() => {
        spoken.textContent = `${where.textContent} ${lies.length ? `These lie: ${lies.join(", ")}.` : "None lies."}`;
      }, SPEAK_AFTER_MS);
    };

    let saving = false;
    slider.addEventListener("input", () => {
      model.set("cut", Number(slider.value));
      show();
      // The kernel needs to know where it stands for the static form only: at most a few times in a second.
      if (!saving) {
        saving = true;
        setTimeout(() => { saving = false; model.save_changes(); }, 200);
      }
    });
    for (const name of ["data", "cut", "wire", "way", "ending"]) model.on(`change:${name}`, show);
    show();
    return () => clearTimeout(timer);
  },
};
