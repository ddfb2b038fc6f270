//! What is read from a message: values, places, spans, text and faults.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use hl7v2::{Builder, Charset, Code, Delimiters, Limits, Message, Path};

const ADT: &[u8] = b"MSH|^~\\&|KLIN|REGION|SLUSS|NAV|20260301093000+0100||ADT^A01^ADT_A01|M-1|P|2.5.1\r\
PID|1||111^^^A&1.2&ISO^MR~222^^^B||Ek^Mio^^^\r\n\
OBX|1|TX|||first\\.br\\line \\T\\ more\n\
OBX|2|TX|||\"\"\r\
ZSS|a\r";

fn text(message: &Message<'_>, path: &str) -> String {
    message.get(&Path::parse(path).unwrap()).unwrap().text().unwrap().into_owned()
}

fn fault(input: &[u8], path: &str) -> String {
    let message = Message::parse(input).unwrap();
    message.get(&Path::parse(path).unwrap()).unwrap().text().unwrap_err().to_string()
}

#[test]
fn values_are_found_with_their_spans_at_every_depth() {
    let message = Message::parse(ADT).unwrap();
    let names: Vec<&str> = message.segments().map(|s| s.name()).collect();
    assert_eq!(names, ["MSH", "PID", "OBX", "OBX", "ZSS"]);
    assert_eq!(text(&message, "MSH-1"), "|");
    assert_eq!(text(&message, "MSH-2"), "^~\\&");
    assert_eq!(text(&message, "MSH-9.2"), "A01");
    assert_eq!(text(&message, "PID-3.4.2"), "1.2");
    assert_eq!(text(&message, "PID-3[2].1"), "222");
    assert_eq!(text(&message, "PID-5.2"), "Mio");
    assert_eq!(text(&message, "ZSS-1"), "a");
}

#[test]
fn a_value_knows_its_place_and_its_bytes() {
    let message = Message::parse(ADT).unwrap();
    let field = message.segment(b"PID").unwrap().field(3);
    assert_eq!(field.repetitions().count(), 2);
    let second = field.repetition(2);
    assert_eq!(second.component(4).place().to_string(), "PID-3[2].4");
    assert_eq!(second.component(4).raw(), b"B");
    assert_eq!(&ADT[second.component(4).span()], b"B");
    assert_eq!(field.component(4).subcomponent(3).raw(), b"ISO");
    assert_eq!(field.component(4).subcomponents().count(), 3);
    let missing = field.component(9).subcomponent(4);
    assert!(missing.is_empty() && missing.span().is_empty());
    assert!(message.get(&Path::parse("PID-99").unwrap()).is_none());
    assert!(message.get(&Path::parse("PV1-2").unwrap()).is_none());
    let second = message.get(&Path::parse("OBX[2]-5").unwrap()).unwrap();
    assert!(second.is_null());
    assert_eq!(second.text().unwrap(), "");
    assert_eq!(second.place().to_string(), "OBX[2]-5");
}

#[test]
fn trailing_separators_are_nothing_and_parts_are_not_a_text() {
    let message = Message::parse(b"MSH|^~\\&|A&&|^~&|x^y|Doe & Son").unwrap();
    assert_eq!(text(&message, "MSH-3"), "A");
    assert!(message.get(&Path::parse("MSH-4").unwrap()).is_none());
    for path in ["MSH-5", "MSH-6"] {
        let found = message.get(&Path::parse(path).unwrap()).unwrap();
        assert!(found.is_composite());
        assert_eq!(found.text().unwrap_err().code, Code::Composite);
    }
}

#[test]
fn escapes_are_resolved_or_refused() {
    let message = Message::parse(ADT).unwrap();
    assert_eq!(text(&message, "OBX-5"), "first\nline & more");
    let escapes = b"MSH|^~\\&|\\F\\\\S\\\\T\\\\R\\\\E\\\\P\\|\\H\\bold\\N\\|\\XC3\\\\XA5\\|a\\.sp2\\b\\.sk3\\c\\.in+4\\|\\C2842\\d||||||||\
|||UTF-8";
    let message = Message::parse(escapes).unwrap();
    assert_eq!(text(&message, "MSH-3"), "|^&~\\#");
    assert_eq!(text(&message, "MSH-4"), "bold");
    assert_eq!(text(&message, "MSH-5"), "å");
    assert_eq!(text(&message, "MSH-6"), "a\n\nb   c");
    assert_eq!(text(&message, "MSH-7"), "d");
    for (value, what) in [
        ("\\temp", "not ended"),
        ("\\Q\\", "not known"),
        ("\\Zlocal\\", "local meaning"),
        ("\\M244222\\", "several bytes"),
        ("\\X0\\", "hexadecimal"),
        ("\\X\\", "hexadecimal"),
        ("\\C2D41\\", "not read here"),
        ("\\.xx\\", "formatting command"),
        ("\\.sp1000\\", "formatting command"),
        ("\\XE5\\", "escape with bytes"),
        ("\\\\", "not known"),
    ] {
        let told = fault(format!("MSH|^~\\&|ab{value}").as_bytes(), "MSH-3");
        assert!(told.contains(what), "{value}: {told}");
        assert!(told.starts_with("MSH-3 (bytes 11.."), "{told}");
        assert!(!told.contains("temp") && !told.contains("local\\"), "{told}");
    }
}

#[test]
fn bytes_are_decoded_by_what_the_message_says() {
    let one = |set: &str, value: &[u8]| {
        let mut input = b"MSH|^~\\&|".to_vec();
        input.extend(value);
        input.extend(format!("|||||||||||||||{set}").bytes());
        input
    };
    for (set, value, wanted) in [
        ("8859/1", &b"\xe5\xe4\xf6"[..], "åäö"),
        ("ISO-8859-1", b"\xe5", "å"),
        ("8859/2", b"\xb1", "ą"),
        ("8859/9", b"\xfe", "ş"),
        ("8859/15", b"\xa4", "€"),
        ("WINDOWS-1252", b"\x80", "€"),
        ("UNICODE UTF-8", b"\xc3\xa5", "å"),
        ("8859/1~8859/5", b"\xe5\\C2D4C\\\xd0", "åа"),
    ] {
        let input = one(set, value);
        assert_eq!(text(&Message::parse(&input).unwrap(), "MSH-3"), wanted, "{set}");
    }
    for (set, value, at) in [
        ("", &b"ab\xe5"[..], 11),
        ("ASCII", b"\xc3\xa5", 9),
        ("8859/1", b"a\x93", 10),
        ("WINDOWS-1252", b"\x81", 9),
        ("8859/7", b"aaa\xff", 12),
        ("UNICODE UTF-8", b"a\xe5b", 10),
        ("UNICODE UTF-8", b"\xed\xa0\x80", 9),
        ("ASCII", b"a\x1bb", 10),
    ] {
        let input = one(set, value);
        let message = Message::parse(&input).unwrap();
        let told = message.header().field(3).text().unwrap_err();
        assert_eq!(told.span.start, at, "{set}: {told}");
    }
    for set in ["UNICODE", "UNICODE UTF-16", "GB 18030-2000", "ISO IR87", "BIG-5"] {
        let told = Message::parse(&one(set, b"")).unwrap_err();
        assert_eq!((told.code, told.place.to_string().as_str()), (Code::Charset, "MSH-18"));
    }
}

#[test]
fn a_byte_order_mark_says_utf_8() {
    let message = Message::parse(b"\xef\xbb\xbfMSH|^~\\&|\xc3\xa5").unwrap();
    assert_eq!(message.charset(), Charset::Utf8);
    assert_eq!(text(&message, "MSH-3"), "å");
    let told = Message::parse(b"\xef\xbb\xbfMSH|^~\\&||||||||||||||||8859/1").unwrap_err();
    assert_eq!(told.code, Code::Charset);
}

#[test]
fn the_caller_says_what_a_message_without_a_set_is_in() {
    let message = Message::read(b"MSH|^~\\&|\xe5", &Limits::default(), Charset::Iso1).unwrap();
    assert_eq!(text(&message, "MSH-3"), "å");
}

#[test]
fn other_delimiters_and_the_truncation_character() {
    let message = Message::parse(b"MSH$%*!+#$a%b$c*d$cut#$||").unwrap();
    assert_eq!(text(&message, "MSH-3.2"), "b");
    assert_eq!(text(&message, "MSH-4[2]"), "d");
    assert_eq!(text(&message, "MSH-5"), "cut#");
    assert!(message.header().field(5).is_truncated() && !message.header().field(4).is_truncated());
    assert_eq!(text(&message, "MSH-6"), "||");
    for bad in [
        "MSH|^~\\",
        "MSH||",
        "MSH|^~\\&#$|",
        "MSH|^&&^|",
        "MSH|^~\\|x",
        "MSH|^~ &|",
        "MSH|A~\\&|",
        "MSH|^~\\\\&|",
    ] {
        assert_eq!(Message::parse(bad.as_bytes()).unwrap_err().code, Code::Delimiters, "{bad}");
    }
}

#[test]
fn all_faults_of_the_structure_are_told_at_once() {
    let input = b"MSH|^~\\&|a\rpid|1\rPID|1\rfree text\rBTS|1\rMSH|^~\\&\rPIDX|1\rPI";
    let faults = Message::read(input, &Limits::default(), Charset::Ascii).unwrap_err();
    let told: Vec<String> = faults.iter().map(|f| format!("{} {}", f.place, f.code.id())).collect();
    assert_eq!(
        told,
        [
            "segment 2 segment-name",
            "segment 4 segment-name",
            "segment 5 batch",
            "segment 6 batch",
            "segment 7 segment-name",
            "segment 8 segment-name"
        ]
    );
    for bad in [&b""[..], b"MSH", b"PID|1", b" MSH|^~\\&", b"\x0bMSH|^~\\&"] {
        assert_eq!(Message::parse(bad).unwrap_err().code, Code::NotAMessage);
    }
}

#[test]
fn limits_stop_a_message() {
    let limits = Limits { bytes: 60, segments: 3, fields: 9, faults: 2 };
    let read = |input: &'static str| Message::read(input.as_bytes(), &limits, Charset::Ascii);
    assert!(read("MSH|^~\\&|a\rPID|1\rPV1|1\r").is_ok());
    for input in [
        "MSH|^~\\&|a\rPID|1\rPV1|1\rPV2|1",
        "MSH|^~\\&|a\rPID|||||||||1",
        "MSH|^~\\&|a aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        assert_eq!(read(input).unwrap_err()[0].code, Code::Limit, "{input}");
    }
    assert_eq!(read("MSH|^~\\&\r1\r2\r3\r4\r5").unwrap_err().len(), 2);
    let none = Limits { faults: 0, ..Limits::default() };
    assert_eq!(Message::read(b"MSH|^~\\&\r1\r2", &none, Charset::Ascii).unwrap_err().len(), 1);
    assert_eq!(Message::read(b"MSH|^~\\&\rPID|1", &none, Charset::Ascii).unwrap().segments().len(), 2);
}

#[test]
fn every_character_of_every_set_is_written_as_the_byte_that_it_was_read_from() {
    use Charset::{Ascii, Iso1, Iso2, Iso3, Iso4, Iso5, Iso6, Iso7, Iso8, Iso9, Iso15, Windows1252};
    let sets = [
        (Ascii, 0),
        (Iso1, 96),
        (Iso2, 96),
        (Iso3, 89),
        (Iso4, 96),
        (Iso5, 96),
        (Iso6, 51),
        (Iso7, 93),
        (Iso8, 60),
        (Iso9, 96),
        (Iso15, 96),
        (Windows1252, 123),
    ];
    for (set, characters) in sets {
        let decoded: Vec<(u8, String)> =
            (0x80..=0xff).filter_map(|byte| Some((byte, set.decode(&[byte]).ok()?.into_owned()))).collect();
        assert_eq!(decoded.len(), characters, "{set:?}");
        assert_eq!(Charset::named(set.name()), Some(set));
        for (byte, text) in decoded {
            let mut builder = Builder::new(Delimiters::default(), set);
            builder.segment(b"MSH").field(3, text.as_str());
            let bytes = builder.finish().unwrap();
            let message = Message::parse(&bytes).unwrap();
            assert_eq!(message.header().field(3).raw(), [byte]);
            assert_eq!(message.header().field(3).text().unwrap(), text);
        }
        let mut builder = Builder::new(Delimiters::default(), set);
        builder.segment(b"MSH").field(3, "ab漢");
        let told = builder.finish().unwrap_err()[0].to_string();
        assert!(told.contains("character 3 is not in"), "{told}");
    }
}
