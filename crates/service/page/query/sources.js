/**
 * The ways by which pictures come in: dropped, pasted, picked, taken with the camera of a phone.
 */

import { button, element } from "../dom.js";
import { t } from "../language.js";

/** What a file must be to be sent at all; whether it is a picture, the program finds out. */
const IMAGE_ENDINGS = /\.(jpe?g|png|gif|webp|tiff?|bmp)$/i;

/** A place of the page on which pictures can be dropped or pasted, with buttons for those who do neither. */
export class Sources {
  /** @param {{add: (files: Blob[]) => void, refuse: (sentence: string) => void, uploadBytes: () => number}} owner */
  constructor(owner) {
    this.owner = owner;
    document.addEventListener("paste", (event) => this.#take(event.clipboardData, event));
    document.addEventListener("dragover", (event) => this.#over(event));
    document.addEventListener("dragleave", (event) => event.relatedTarget === null && this.#mark(false));
    document.addEventListener("drop", (event) => {
      this.#mark(false);
      this.#take(event.dataTransfer, event);
    });
  }

  /**
   * Buttons that open the file picker and, where a finger is the pointer, the camera.
   * @param {{isFirst: boolean}} what true where there is no picture yet
   */
  buttons({ isFirst }) {
    const picker = this.#input({ multiple: true });
    const [text, kind] = isFirst ? [t("query.choose"), "primary"] : [t("query.add"), ""];
    const buttons = [button({ icon: isFirst ? "picture" : "plus", text, class: kind, onclick: () => picker.click() }), picker];
    if (matchMedia("(pointer: coarse)").matches) {
      const camera = this.#input({ capture: "environment" });
      buttons.push(button({ icon: "camera", text: t("query.camera"), onclick: () => camera.click() }), camera);
    }
    return buttons;
  }

  #input(attributes) {
    const label = attributes.capture ? t("query.camera") : t("query.choose");
    const input = element("input", { type: "file", accept: "image/*", hidden: true, "aria-label": label, ...attributes });
    input.addEventListener("change", () => {
      this.#add([...input.files]);
      input.value = "";
    });
    return input;
  }

  #over(event) {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.#mark(true);
  }

  #mark(isOver) {
    document.body.classList.toggle("dropping", isOver);
  }

  /** Takes pictures out of what was pasted or dropped; texts are left to where they were pasted. */
  #take(transfer, event) {
    const files = [...(transfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    this.#add(files);
  }

  #add(files) {
    const isPicture = (file) => file.type.startsWith("image/") || IMAGE_ENDINGS.test(file.name ?? "");
    const pictures = files.filter(isPicture);
    const fitting = pictures.filter((file) => file.size <= this.owner.uploadBytes());
    if (pictures.length < files.length) this.owner.refuse(t("query.no_picture"));
    else if (fitting.length < pictures.length) this.owner.refuse(t("query.too_large", { megabytes: megabytes(this.owner.uploadBytes()) }));
    if (fitting.length > 0) this.owner.add(fitting);
  }
}

/** Bytes as whole megabytes. */
export function megabytes(bytes) {
  return Math.floor(bytes / 1_000_000);
}
