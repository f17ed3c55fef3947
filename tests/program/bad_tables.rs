//! Tables that cannot be used: the error names the place and what to do, and nothing is written.

use crate::place::Place;

const HEADER: &str = "obj,museum,deeplink,place_country_code,time_label,technique_group,material_group,depict_group\n";

/// A table with one object, whose cell of image addresses is given.
fn export(deeplink: &[u8]) -> Vec<u8> {
    let begins = format!("{HEADER}http://x.org/object/1,http://x.org/museum/garin,");
    [begins.as_bytes(), deeplink, b",['ES'],[],[],[],[]\n"].concat()
}

#[test]
fn a_bad_table_is_refused_with_its_place() {
    let cases: [(Vec<u8>, &str, i32, &str); 4] = [
        (
            HEADER.replace("deeplink,", "").into_bytes(),
            "garin",
            3,
            "error: export.csv:1: the column `deeplink` is missing",
        ),
        (export(b"\"['a.jpg'\""), "garin", 3, "error: export.csv:2:deeplink: not a list"),
        (export(b"['caf\xe9.jpg']"), "garin", 3, "error: export.csv:2: the text is not UTF-8"),
        (export(b"['a.jpg']"), "garn", 2, "the museum `garn` is neither in `export.csv` nor in"),
    ];
    for (content, museum, code, message) in cases {
        let place = Place::new();
        place.write("export.csv", content);
        let outcome = place.run(&["create-dataset", "--csvfile", "export.csv", "--retaincollections", museum]);
        assert_eq!(outcome.code, Some(code), "{outcome}");
        assert!(outcome.stderr.contains(message) && outcome.stderr.contains("\nhint: "), "{outcome}");
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "something was written: {outcome}");
    }
}
