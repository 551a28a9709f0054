use std::fs;
use std::path::Path;

use crate::airport::Airport;
use crate::data::airports;
use crate::scratch::Scratch;
use crate::support::data_file;

const HEADER: &str =
    "icao,iata,name,city,subdivision,country,elevation_ft,latitude,longitude,timezone\n";
const KEY_WEST: &str =
    "KEYW,EYW,Key West,Key West,Florida,US,3,24.556101,-81.759598,America/New_York\n";

/// What is wrong with a file of these bytes, without the file's name.
fn complaint(content: impl AsRef<[u8]>) -> String {
    let scratch = Scratch::new().unwrap();
    let file = scratch.file("airports.csv");
    fs::write(&file, content).unwrap();
    let text = airports(&file).unwrap_err().to_string();
    assert!(!text.contains('\n'), "{text}");
    let name = format!("{}: ", file.display());
    text.strip_prefix(&name).unwrap().to_owned()
}

/// The fields of an airport, written as the file writes them.
fn fields(airport: &Airport) -> [String; 10] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        airport.icao.clone(),
        text(&airport.iata),
        airport.name.clone(),
        text(&airport.city),
        text(&airport.subdivision),
        airport.country.clone(),
        airport.elevation.to_string(),
        airport.latitude.to_string(),
        airport.longitude.to_string(),
        airport.timezone.clone(),
    ]
}

#[test]
fn nothing_of_the_file_is_lost() {
    let airports = airports(&data_file()).unwrap();
    assert_eq!(airports.len(), 7_884);
    let mut reader = csv::Reader::from_path(data_file()).unwrap();
    for (airport, line) in airports.iter().zip(reader.records()) {
        let line = line.unwrap();
        // `53.0` comes back as `53`.
        let written = line.iter().map(|field| field.strip_suffix(".0").unwrap_or(field));
        assert!(written.eq(fields(airport)), "{line:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let missing = Path::new("no/such/file.csv");
    let text = airports(missing).unwrap_err().to_string();
    assert!(text.starts_with("no/such/file.csv: cannot be read: "), "{text}");
    let directory = Scratch::new().unwrap();
    let text = airports(&directory.file(".")).unwrap_err().to_string();
    assert!(text.contains(": cannot be read: "), "{text}");
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_do_no_harm() {
    let scratch = Scratch::new().unwrap();
    let file = scratch.file("airports.csv");
    let content = format!("\u{feff}{HEADER}{KEY_WEST}").replace('\n', "\r\n");
    fs::write(&file, content).unwrap();
    assert_eq!(airports(&file).unwrap()[0].timezone, "America/New_York");
}

#[test]
fn a_file_without_airports_is_no_data() {
    assert_eq!(complaint(""), "is empty");
    assert_eq!(complaint(HEADER), "has a header and no airports");
}

#[test]
fn another_header_is_named() {
    let text = complaint(KEY_WEST);
    assert!(text.starts_with("line 1: is not the header icao,iata,"), "{text}");
}

#[test]
fn a_line_of_another_width_is_named() {
    let text = complaint(format!("{HEADER}{KEY_WEST}\nKMIA,MIA\n"));
    assert_eq!(text, "line 4: has 2 fields, not 10");
    let text = complaint(format!("{HEADER}{KEY_WEST}\n\nKMIA,MIA\n").replace('\n', "\r\n"));
    assert_eq!(text, "line 5: has 2 fields, not 10");
}

#[test]
fn a_wrong_field_is_named_with_its_line() {
    let cases = [
        ("KEYW", "", "icao: is empty"),
        ("US", "", "country: is empty"),
        (
            "24.556101",
            "24.5561011",
            "latitude: \"24.5561011\": wants a number with at most 6 digits after the point",
        ),
        ("24.556101", "90.000001", "latitude: 90.000001 is not between -90 and 90"),
        ("-81.759598", "-181", "longitude: -181 is not between -180 and 180"),
        (
            ",3,",
            ",three feet above the level of the sea at high tide,",
            "elevation_ft: \"three feet above the level of the sea at…\": \
             wants a number with at most 2 digits after the point",
        ),
        ("Florida", "Flo\trida", "subdivision: \"Flo\\trida\" has control characters"),
        ("Florida", "\"Florida", ""),
    ];
    for (text, wrong, complaint_of_field) in cases {
        let line = KEY_WEST.replacen(text, wrong, 1);
        let found = complaint(format!("{HEADER}KMIA{}{line}", &KEY_WEST[4..]));
        if complaint_of_field.is_empty() {
            assert_eq!(found, "line 3: has 5 fields, not 10");
        } else {
            assert_eq!(found, format!("line 3, field {complaint_of_field}"));
        }
    }
}

#[test]
fn a_quote_that_is_never_closed_does_not_swallow_the_rest() {
    let line = KEY_WEST.replace("America", "\"America");
    let text = complaint(format!("{HEADER}{line}KMIA{}", &KEY_WEST[4..]));
    assert!(text.starts_with("line 2, field timezone: "), "{text}");
    assert!(text.ends_with("has control characters"), "{text}");
}

#[test]
fn what_is_not_utf_8_is_named() {
    let mut bytes = format!("{HEADER}{KEY_WEST}").into_bytes();
    let at = HEADER.len() + "KEYW,EYW,".len();
    bytes[at] = 0xFF;
    assert_eq!(complaint(bytes), "line 2, field name: is not UTF-8");
}

#[test]
fn a_key_that_stands_twice_is_named_with_both_lines() {
    assert_eq!(
        complaint(format!("{HEADER}{KEY_WEST}{KEY_WEST}")),
        "line 3, field icao: \"KEYW\" stands on line 2 already"
    );
}
