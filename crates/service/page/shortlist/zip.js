/**
 * Archives of small text files in the ZIP format, not compressed (APPNOTE.TXT, version 2.0).
 */

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;

/** Flag that names are UTF-8. */
const UTF8 = 0x0800;

/** 1 January 1980, the earliest day that the format has: the same files make the same archive. */
const DAY = 0x0021;

/**
 * @param {{name: string, text: string}[]} files
 * @returns {Blob}
 */
export function zip(files) {
  const encoder = new TextEncoder();
  const bodies = [];
  const directory = [];
  let offset = 0;
  for (const { name, text } of files) {
    const [nameBytes, content] = [encoder.encode(name), encoder.encode(text)];
    // Version, flags, method, time, day, checksum, both sizes, length of the name, of the extra field: common to both headers.
    const common = [[2, VERSION], [2, UTF8], [2, 0], [2, 0], [2, DAY], [4, checksum(content)], [4, content.length], [4, content.length], [2, nameBytes.length], [2, 0]];
    const local = [bytes([[4, LOCAL_HEADER], ...common]), nameBytes, content];
    // Length of the comment, disk, attributes within and without, place of the local header.
    const tail = [[2, 0], [2, 0], [2, 0], [4, 0], [4, offset]];
    directory.push(bytes([[4, CENTRAL_HEADER], [2, VERSION], ...common, ...tail]), nameBytes);
    bodies.push(...local);
    offset += length(local);
  }
  const end = bytes([[4, END], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, length(directory)], [4, offset], [2, 0]]);
  return new Blob([...bodies, ...directory, end], { type: "application/zip" });
}

/** Numbers as little-endian bytes, each with its width. */
function bytes(fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [width]) => sum + width, 0)));
  let place = 0;
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(place, value, true);
    else view.setUint32(place, value, true);
    place += width;
  }
  return new Uint8Array(view.buffer);
}

function length(parts) {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** CRC-32, as ZIP has it. */
function checksum(content) {
  let crc = 0xffffffff;
  for (const byte of content) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
