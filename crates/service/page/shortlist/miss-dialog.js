/**
 * Reporting a miss: a result that should not be there, or a work that should be and is not.
 */

import { announce, button, element } from "../dom.js";
import { expressionOf } from "../filters/expression.js";
import { t } from "../language.js";

/**
 * Asks what is wrong and keeps the answer with the shortlist.
 * @param {import("../session.js").Session} session
 * @param {import("../client/types.js").Hit} hit the result from which the report starts
 */
export async function reportMiss(session, hit) {
  const query = await session.wantedWork();
  const kind = (value, checked) => element("label", { class: "choice" }, element("input", { type: "radio", name: "kind", value, checked }), t(`miss.${value}`));
  const object = element("input", { type: "text", name: "object", autocomplete: "off" });
  const objectLabel = element("label", { class: "stacked", hidden: true }, t("miss.object"), object);
  const note = element("textarea", { name: "note", rows: 3 });
  const form = element(
    "form",
    { method: "dialog" },
    element("fieldset", {}, element("legend", {}, t("miss.kind")), kind("wrong", true), kind("missing", false)),
    objectLabel,
    element("label", { class: "stacked" }, t("miss.note"), note),
    element("p", { class: "soft small" }, t("miss.about")),
    element(
      "footer",
      {},
      button({ text: t("dialog.cancel"), onclick: () => dialog.close() }),
      button({ icon: "flag", text: t("miss.send"), class: "primary", type: "submit" }),
    ),
  );
  const dialog = element("dialog", { class: "dialog", "aria-labelledby": "miss-title" }, element("header", {}, element("h2", { id: "miss-title" }, t("miss.title"))), form);
  const isMissing = () => new FormData(form).get("kind") === "missing";
  form.addEventListener("change", () => {
    objectLabel.hidden = !isMissing();
    object.required = isMissing();
  });
  form.addEventListener("submit", () => {
    const common = { index: session.index.name, query, filter: expressionOf(session.state.filters), note: note.value.trim() };
    const { image, rank, distance } = hit;
    const wrong = { kind: /** @type {const} */ ("wrong"), image, object: hit.address ?? hit.object ?? "", rank, distance };
    const missing = { kind: /** @type {const} */ ("missing"), image: "", object: object.value.trim(), rank: null, distance: null };
    session.shortlist.report({ ...common, ...(isMissing() ? missing : wrong) });
    announce(t("miss.thanks"));
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
