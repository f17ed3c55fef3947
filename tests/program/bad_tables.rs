//! Tables that cannot be used: the error names the place and what to do, and nothing is written. Tables of every make that
//! can be used: what is generated runs as it is.

use crate::place::{JPEG, Place};

const HEADER: &str = "obj,museum,deeplink,place_country_code,time_label,technique_group,material_group,depict_group\n";

/// A table with one object, whose cell of image addresses is given.
fn export(deeplink: &[u8]) -> Vec<u8> {
    let begins = format!("{HEADER}http://x.org/object/1,http://x.org/museum/garin,");
    [begins.as_bytes(), deeplink, b",['ES'],[],[],[],[]\n"].concat()
}

/// A table of images with this header and six rows of a place and a material.
fn images(header: &str) -> String {
    let row = |n: usize| format!("{n}.jpg,{},{}\n", ["silk", "wool", "gold"][n % 3], ["ES", "FR"][n % 2]);
    format!("{header}\n{}", (0..6).map(row).collect::<String>())
}

#[test]
fn a_bad_table_is_refused_with_its_place() {
    let open_quote = images("image_file,material,place").replace("2.jpg,gold,ES", "2.jpg,gold,\"ES");
    let cases: [(&str, Vec<u8>, &str, i32, &str); 11] = [
        (
            "export.csv",
            HEADER.replace("deeplink,", "").into_bytes(),
            "garin",
            3,
            "error: export.csv:1: the column `deeplink` is missing",
        ),
        ("export.csv", export(b"\"['a.jpg'\""), "garin", 3, "error: export.csv:2:deeplink: not a list"),
        ("export.csv", export(b"['caf\xe9.jpg']"), "garin", 3, "error: export.csv:2: the text is not UTF-8"),
        ("export.csv", export(b"['a.jpg']"), "garn", 2, "the museum `garn` is neither in `export.csv` nor in"),
        (
            "export.csv",
            export(b"(unknown)"),
            "garin",
            3,
            "error: export.csv:2:deeplink: not a list as Python writes it",
        ),
        (
            "table.csv",
            open_quote.clone().into_bytes(),
            "garin",
            3,
            "error: table.csv:4: the quote that opens here is never closed",
        ),
        (
            "table.tsv",
            open_quote.replace(',', "\t").into_bytes(),
            "garin",
            3,
            "error: table.tsv:4: the quote that opens here is never closed",
        ),
        (
            "table.csv",
            images("image_file,weave type,weave_type").into_bytes(),
            "garin",
            3,
            "error: table.csv:1:weave_type: this column occurs twice in the header (`weave type` becomes `weave_type`)",
        ),
        ("table.csv", images("imge_file,a,b").into_bytes(), "garin", 3, "is `imge_file` meant to be `image_file`?"),
        ("table.csv", images("0.jpg,a,b").into_bytes(), "garin", 3, "the first line has no names of columns"),
        (
            "table.csv",
            b"image_file,a\n,x\n".to_vec(),
            "garin",
            3,
            "error: table.csv:2:image_file: the image is missing",
        ),
    ];
    for (name, content, museum, code, message) in cases {
        let place = Place::new();
        place.write(name, content);
        let outcome = place.run(&["create-dataset", "--csvfile", name, "--retaincollections", museum]);
        assert_eq!(outcome.code, Some(code), "{outcome}");
        assert!(outcome.stderr.contains(message) && outcome.stderr.contains("\nhint: "), "{outcome}");
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "something was written: {outcome}");
    }
}

#[test]
fn tables_of_every_make_give_collections_and_configurations_that_run() {
    let semicolons = images("Image_File;material;place").replace(',', ";");
    for (name, table, header, variables) in [
        (
            "comma.csv",
            images("image_file,material,\"place, country\""),
            "#material\t#place_country\t",
            "#material, #place_country",
        ),
        ("sep.csv", format!("sep=;\r\n{semicolons}"), "#material\t#place\t", "#material, #place"),
        (
            "filename.csv",
            images("filename,material,place").replace('\n', "\r"),
            "#material\t#place\t",
            "#material, #place",
        ),
    ] {
        let place = Place::new();
        place.write(name, table);
        for number in 0..6 {
            place.write(&format!("{number}.jpg"), JPEG);
        }
        let outcome =
            place.run(&["create-dataset", "--csvfile", name, "--imgsavepath", "samples/data", "--minnumsamples", "1"]);
        assert_eq!(outcome.code, Some(0), "{outcome}");
        let collection = std::fs::read_to_string(place.path().join("samples/collection_1.txt")).unwrap();
        assert!(collection.starts_with(&format!("#image_file\t{header}\n")), "{collection}");
        let configuration = std::fs::read_to_string(place.path().join("Configuration_train_model.txt")).unwrap();
        assert!(configuration.contains(&format!("relevant_variables; {variables}\n")), "{configuration}");
        let failures = std::fs::read_to_string(place.path().join("samples/data/table_failures.csv")).unwrap();
        assert_eq!(failures, "line,column,reason\n");
    }
}
