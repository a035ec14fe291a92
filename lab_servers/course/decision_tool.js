// The decision tool: the fields of a job, and the answer below them. Python (decision_tool.py) computes the answer at
// each change. Fields and clean() are those of the scenario panel, whose files are joined before this one.

let tools = 0;

export default {
  render({ model, el }) {
    const prefix = `lsd-${++tools}`;
    const fields = new Fields(model.get("fields"), prefix, () => {
      model.set("typed", { ...model.get("typed"), ...fields.values() });
      model.save_changes();
    });
    const status = part("p", { class: "lss-status", role: "status" });
    const answer = part("div", { class: "lss-page jp-RenderedHTMLCommon", "aria-live": "polite" });
    let shown = "";
    const form = part("form", { class: "lss-form", "aria-label": "Your job", on: { submit: (event) => event.preventDefault() } },
      part("div", { class: "lss-fields" }, ...fields.elements));
    // Keys are for the fields: in the notebook's command mode an arrow or a letter is a command.
    const keep = (event) => event.ctrlKey || event.metaKey || event.altKey || event.stopPropagation();
    const shell = part("section", { class: "lss", "aria-label": "Decision tool", on: { keydown: keep } }, form, part("div", { class: "lss-said" }, status), answer);
    el.append(shell);

    const refresh = () => {
      fields.show(model.get("typed"));
      fields.blame(model.get("wrong"));
      status.textContent = model.get("status");
      status.classList.toggle("lss-wrong", model.get("status") !== "");
      if (shown !== model.get("answer")) answer.replaceChildren(clean((shown = model.get("answer"))));
    };
    const traits = "change:typed change:wrong change:status change:answer";
    model.on(traits, refresh);
    refresh();
    return () => model.off(traits, refresh);
  },
};
