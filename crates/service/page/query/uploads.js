/**
 * The pictures that the reader brought. They live as long as the page and are in no link.
 */

/** Pictures by a key that a link can name, within this visit. */
export class Uploads {
  /** @type {Map<string, {file: Blob, name: string, address: string}>} */
  #pictures = new Map();

  /**
   * Takes a picture in.
   * @param {Blob} file
   * @returns {string} its key
   */
  add(file) {
    // A key that a later visit does not happen to use for another picture.
    const key = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
    const name = file instanceof File ? file.name : "";
    this.#pictures.set(key, { file, name, address: URL.createObjectURL(file) });
    return key;
  }

  has(key) {
    return this.#pictures.has(key);
  }

  file(key) {
    return this.#pictures.get(key)?.file;
  }

  /** The file's name; empty for pasted pictures. */
  name(key) {
    return this.#pictures.get(key)?.name ?? "";
  }

  /** An address that shows the picture on this page. */
  address(key) {
    return this.#pictures.get(key)?.address;
  }
}
