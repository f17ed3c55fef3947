use std::io::Read;

use proptest::prelude::*;
use silknow_errors::Result;

use super::*;

fn rows(text: &str) -> Vec<Row> {
    Rows::new(text.as_bytes(), b',').map(Result::unwrap).collect()
}

fn cells(rows: Rows<&[u8]>) -> Vec<Vec<String>> {
    rows.map(|row| row.unwrap().cells().map(str::to_owned).collect()).collect()
}

fn error(text: &str) -> String {
    let error = Rows::new(text.as_bytes(), b',').find_map(Result::err).expect("an error");
    error.in_file("t").to_string()
}

#[test]
fn lines_are_those_of_the_text_with_breaks_in_cells_and_blank_lines() {
    for newline in ["\n", "\r\n", "\r"] {
        let rows = rows(&["a,b", "1,2", "", "\"x", "y\",\"z", "\"", "3,4"].join(newline));
        assert_eq!(rows.iter().map(Row::line).collect::<Vec<_>>(), [1, 2, 4, 7], "{newline:?}");
        assert_eq!(rows[2].line_of(1), 5, "{newline:?}");
    }
}

#[test]
fn a_quote_that_is_never_closed_is_named_where_it_opens() {
    for newline in ["\n", "\r\n", "\r"] {
        let text = ["a,b", "1,2", "\"x", "y\",3", "4,\"ES", "5,6", "7,8", ""].join(newline);
        let message = error(&text);
        assert!(
            message.starts_with("t:5: the quote that opens here is never closed\nhint: it opens cell 2"),
            "{message}"
        );
    }
    assert!(error("a,\"b").starts_with("t:1: the quote that opens here is never closed"));
    assert!(error("\"").starts_with("t:1: the quote that opens here is never closed"));
}

#[test]
fn a_quote_behind_blanks_behind_a_closed_one_is_not_doubled() {
    let message = error("a,b\n1,\"x\ny\" \",\"\n");
    assert!(message.starts_with("t:2: the quote that opens here is never closed"), "{message}");
}

#[test]
fn a_quote_that_the_next_quoted_cell_closes_is_named_where_it_opens() {
    for later in ["5,\"FR\"", "5,\"FR", "\"5\",FR"] {
        let message = error(&format!("a,b\n1,2\n3,\"ES\n4,UK\n{later}\n"));
        assert!(message.starts_with("t:3: the quote that opens here is never closed"), "{later}: {message}");
        assert!(message.contains("stands on line 5"), "{later}: {message}");
    }
}

#[test]
fn a_quote_that_is_closed_after_whole_rows_is_named_where_it_opens() {
    for text in [
        "i,m,p\n0.jpg,silk,ES\n1.jpg,gold,\"ES\n2.jpg,wool,FR\n3.jpg,silk,FR\"\n",
        "i,m,p\n0.jpg,silk,ES\n1.jpg,gold,\"ES\n2.jpg,wool,FR\"\n",
        "i,m,p\n0.jpg,silk,ES\n1.jpg,\"gold,ES\n2.jpg,wool\",FR\n",
        "i,m\n0.jpg,silk\n\"1.jpg,gold\n2.jpg\",wool\n",
        "i,m\n0,silk\n1,\"gold\n2,wool\"\n",
    ] {
        assert!(error(text).starts_with("t:3: the quote that opens here is closed on line "), "{}", error(text));
    }
    let row = &rows("i,m,p\n1.jpg,\"ES\n2.jpg,FR\"\n")[1];
    let message = row.check_length(3).unwrap_err().to_string();
    assert!(message.contains("a quote opens on line 2 and is closed on line 3 only"), "{message}");
}

#[test]
fn a_text_of_several_lines_is_no_swallowed_row() {
    for text in
        ["i,m\na.jpg,\"one\ntwo, three\"\n", "i,m,n\na.jpg,\"one, two\nthree\nfour\" ,x\n", "i,m\na.jpg,\"x\n\n\"\n"]
    {
        assert_eq!(rows(text).len(), 2, "{text:?}");
    }
}

#[test]
fn the_delimiter_is_found_or_named() {
    let read = |text: &'static str, expected: &[&str]| cells(Rows::sniffed(text.as_bytes(), expected).unwrap());
    for delimiter in [",", ";", "\t", "|"] {
        let text = ["a", "b,c\n1", "2\n"].join(delimiter).replace("b,c", "\"b,c\"");
        assert_eq!(cells(Rows::sniffed(text.as_bytes(), &[]).unwrap()), [["a", "b,c"], ["1", "2"]]);
    }
    assert_eq!(read("sep=;\r\na,b;c\r\n1;2", &[]), [["a,b", "c"], ["1", "2"]]);
    assert_eq!(read("SEP=\t\ra\tb\r1\t2\r", &[]), [["a", "b"], ["1", "2"]]);
    assert_eq!(read("\"sep=|\"\na|b", &[]), [["a", "b"]]);
    assert_eq!(read("sep=\na;b", &[]), [["a", "b"]]);
    assert_eq!(read("image_file,x;y;z\n1,2", &["image_file"]), [["image_file", "x;y;z"], ["1", "2"]]);
    assert_eq!(read("", &[]), [[""; 0]; 0]);
    assert_eq!(Rows::sniffed("sep=;\r\n\r\na;b\r\n".as_bytes(), &[]).unwrap().next().unwrap().unwrap().line(), 3);
}

#[test]
fn halves_of_a_character_in_two_cells_are_not_one() {
    let row = Rows::new(b"a\xc3,\xa9b".as_slice(), b',').next().unwrap();
    assert!(row.unwrap_err().to_string().contains("not UTF-8"));
}

#[test]
fn text_that_is_not_utf8_is_shown_as_windows_would() {
    let message =
        Rows::new(b"a,b\n\"x\ny\",caf\xe9".as_slice(), b',').nth(1).unwrap().unwrap_err().in_file("t").to_string();
    assert!(message.starts_with("t:3: the text is not UTF-8") && message.contains("reads `café`"), "{message}");
}

#[test]
fn a_quote_that_opens_a_huge_cell_is_not_read_to_its_end() {
    let text = std::io::repeat(b'x').take(1 << 40);
    let row = Rows::new(b"a,b\n1,\"".chain(text), b',').nth(1).unwrap();
    assert!(row.unwrap_err().to_string().contains("never closed within 16 MiB"));
}

proptest! {
    #[test]
    fn every_row_has_the_line_on_which_it_was_written(
        rows in proptest::collection::vec(("[a-z\n]{0,4}", "[a-z;\n]{1,4}", 0..3usize), 0..12),
        newline in proptest::sample::select(vec!["\n", "\r\n", "\r"]),
    ) {
        let mut text = "a,b\n".to_owned();
        let mut lines = vec![1];
        for (first, second, blanks) in &rows {
            text.push_str(&"\n".repeat(*blanks));
            lines.push(1 + text.matches('\n').count() as u64);
            text.push_str(&format!("\"{first}\",\"{second}\"\n"));
        }
        let read = self::rows(&text.replace('\n', newline));
        prop_assert_eq!(read.iter().map(Row::line).collect::<Vec<_>>(), lines);
        for (row, (first, second, _)) in read[1..].iter().zip(&rows) {
            prop_assert_eq!((row.cell(0), row.cell(1)), (&*first.replace('\n', newline), &*second.replace('\n', newline)));
        }
    }

    /// The crate `csv` is the reference for texts whose quotes are closed on their lines.
    #[test]
    fn cells_are_those_of_another_reader(
        lines in proptest::collection::vec("([a-c \"]{0,3}|\"[a,;]{0,3}\"|\"([a,]|\"\"){0,3}\")(,([a-c \"]{0,3}|\"[a,]{0,3}\")){0,3}", 0..8),
        newline in proptest::sample::select(vec!["\n", "\r\n", "\r"]),
    ) {
        let text = lines.join(newline);
        let ours: Option<Vec<Vec<String>>> = Rows::new(text.as_bytes(), b',')
            .map(|row| row.ok().map(|row| row.cells().map(|cell| cell.trim_end().to_owned()).collect()))
            .collect();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let theirs: Vec<Vec<String>> =
            reader.records().map(|row| row.unwrap().iter().map(|cell| cell.trim_end().to_owned()).collect()).collect();
        // Where a quote stays open, there is an error in place of a row.
        if let Some(ours) = ours {
            prop_assert_eq!(ours, theirs);
        }
    }
}
