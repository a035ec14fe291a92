// The form of one prediction: a choice, a number or an order, made of the browser's own controls, so that a keyboard
// and a screen reader know them. Python (prediction_form.py) decides what counts; all that it sends is text, never markup.

let forms = 0;

function part(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

const places = (count) => Array.from({ length: count }, (_, place) => place);

// --- one way of asking each: what to show, and how to bring it to the state of the model -----------------------------

function choice({ model, name }) {
  const inputs = model.get("options").map((text, position) => {
    const input = Object.assign(document.createElement("input"), { type: "radio", name, value: String(position) });
    input.addEventListener("change", () => put(model, "picked", [position]));
    const label = part("label", "lsp-option");
    label.append(input, part("span", "lsp-text", text));
    return { input, label };
  });
  return {
    shown: inputs.map(({ label }) => label),
    refresh(picked) {
      inputs.forEach(({ input, label }, position) => {
        input.checked = picked[0] === position;
        label.classList.toggle("lsp-picked", input.checked);
      });
    },
    controls: inputs.map(({ input }) => input),
  };
}

function number({ model, name }) {
  const input = Object.assign(part("input", "lsp-number"), {
    type: "text", inputMode: "decimal", autocomplete: "off", maxLength: 40,
  });
  input.setAttribute("aria-label", `Your number${model.get("unit") && ` of ${model.get("unit")}`}`);
  input.setAttribute("aria-describedby", `${name}-bounds`);
  input.addEventListener("input", () => put(model, "typed", input.value));
  const bounds = Object.assign(part("span", "lsp-bounds", model.get("bounds")), { id: `${name}-bounds` });
  const line = part("div", "lsp-line");
  line.append(input, part("span", "lsp-unit", model.get("unit")), bounds);
  return {
    shown: [line],
    refresh(_, typed) {
      if (input.value !== typed) input.value = typed;
    },
    controls: [input],
  };
}

function order({ model }) {
  const options = model.get("options");
  const selects = places(options.length).map((place) => {
    const select = part("select", "lsp-select");
    select.append(new Option("choose…", "-1"), ...options.map((text, position) => new Option(text, String(position))));
    select.addEventListener("change", () => {
      // What stood here goes where the new one came from, so that each item is in one place at most.
      const picked = [...model.get("picked")], chosen = Number(select.value);
      const other = chosen < 0 ? -1 : picked.indexOf(chosen);
      if (other >= 0) picked[other] = picked[place];
      picked[place] = chosen;
      put(model, "picked", picked);
    });
    const label = part("label", "lsp-place");
    label.append(part("span", "lsp-ordinal", `${place + 1}.`), select);
    select.setAttribute("aria-label", `Place ${place + 1} of ${options.length}`);
    return { select, label };
  });
  return {
    shown: selects.map(({ label }) => label),
    refresh(picked) {
      selects.forEach(({ select }, place) => (select.value = String(picked[place] ?? -1)));
    },
    controls: selects.map(({ select }) => select),
  };
}

// --- keys: in the notebook's command mode an arrow, a letter or a digit is a command ---------------------------------

// A field of text keeps its keys by itself. JupyterLab looks for this sign from the control upwards, and may find its
// command before it gets to the form.
const KEPT = "data-lm-suppress-shortcuts";

function keepKeys(control) {
  control.setAttribute(KEPT, "true");
}

// What nobody would type into a control is the notebook's all the same: Shift+Enter runs on, Ctrl+S saves.
function handOver(event) {
  const isText = event.target.type === "text";
  const isHeld = event.ctrlKey || event.metaKey;
  const runs = event.key === "Enter" && (event.shiftKey || isHeld);
  const cell = event.target.closest(".jp-Cell");
  if (!event.isTrusted || !cell || !(runs || (isHeld && !isText))) return;
  if (isText) cell.focus();  // JupyterLab leaves every key to whatever can be written into
  const heir = isText ? cell : event.target;
  heir.removeAttribute(KEPT);
  const isTaken = !heir.dispatchEvent(new KeyboardEvent("keydown", event));
  if (!isText) keepKeys(heir);
  if (isTaken) event.preventDefault();
}

const KINDS = { choice, number, order };

function put(model, trait, value) {
  model.set(trait, value);
  model.save_changes();
}

export default {
  render({ model, el }) {
    const name = `lsp-${++forms}`;
    const form = part("fieldset", "lsp");
    const made = KINDS[model.get("kind")]({ model, name });
    const status = part("p", "lsp-status");
    status.setAttribute("role", "status");
    form.append(part("legend", "lsp-question", model.get("question")), ...made.shown, status);
    made.controls.filter((control) => control.type !== "text").forEach(keepKeys);
    form.addEventListener("keydown", handOver);
    el.append(form);

    const refresh = () => {
      const isLocked = model.get("is_locked");
      made.refresh(model.get("picked"), model.get("typed"));
      made.controls.forEach((control) => (control.disabled = isLocked));
      form.classList.toggle("lsp-locked", isLocked);
      status.classList.toggle("lsp-wrong", model.get("is_wrong"));
      if (status.textContent !== model.get("status")) status.textContent = model.get("status");
    };
    const traits = "change:picked change:typed change:is_locked change:is_wrong change:status";
    model.on(traits, refresh);
    refresh();
    return () => model.off(traits, refresh);
  },
};
