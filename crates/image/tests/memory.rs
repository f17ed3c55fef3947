//! All decoders of a process together stay within the budget of memory. The process has this test alone, because the
//! system tells the highest memory of a whole process.

use silknow_image::{DEFAULT_DECODING_BYTES, decode_bytes, limit_decoding_memory};

const SIDE_PX: u16 = 4000;
const PIXELS: u64 = SIDE_PX as u64 * SIDE_PX as u64;

/// A GIF of few bytes: a large canvas, on which the only frame has one pixel.
fn gif() -> Vec<u8> {
    let [low, high] = SIDE_PX.to_le_bytes();
    let screen = [low, high, low, high, 0x80, 0, 0];
    let palette = [200, 100, 50, 0, 0, 0];
    let frame = [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0];
    let data = [2, 2, 0x44, 0x01, 0, 0x3B];
    [&b"GIF89a"[..], &screen, &palette, &frame, &data].concat()
}

/// The most memory that this process ever had, in bytes; none where the system does not tell.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kibibytes| 1024 * kibibytes)
}

#[test]
fn threads_share_the_budget_and_what_exceeds_it_alone_is_refused() {
    let gif = gif();
    limit_decoding_memory(PIXELS);
    let message = decode_bytes(&gif).unwrap_err().to_string();
    let expected = "decoding this GIF image of 4000 x 4000 pixels takes 133 MB of memory, above the limit of 16 MB";
    assert!(message.contains(expected), "{message}");

    // Enough for one at a time.
    limit_decoding_memory(12 * PIXELS);
    let Some(before) = peak() else {
        silknow_test_support::skipped(
            "threads_share_the_budget_and_what_exceeds_it_alone_is_refused",
            "this system does not tell the highest memory of a process",
        );
        return;
    };
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..2 {
                    let image = decode_bytes(&gif).unwrap();
                    assert_eq!((image.dimensions(), image.get_pixel(0, 0).0), ((4000, 4000), [200, 100, 50]));
                }
            });
        }
    });
    // One canvas of four bytes a pixel, and finished pictures of three that their threads are about to drop. Six
    // canvases at once would be 384 MB.
    let grown = peak().unwrap() - before;
    assert!(grown < 18 * PIXELS, "{grown} bytes more");
    limit_decoding_memory(DEFAULT_DECODING_BYTES);
    assert!(decode_bytes(&gif).is_ok());
}
