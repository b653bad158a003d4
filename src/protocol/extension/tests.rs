use super::{InvalidHeader, Offer, Param, parse};

fn param<'a>(name: &'a str, value: Option<&'a str>) -> Param<'a> {
    Param {
        name,
        value: value.map(Into::into),
    }
}

fn offer<'a>(name: &'a str, params: Vec<Param<'a>>) -> Offer<'a> {
    Offer { name, params }
}

#[test]
fn parses_offers_with_and_without_parameters() {
    assert_eq!(
        parse(b"foo, bar;baz ; qux=1\t,foo;a=\"b\";a"),
        Ok(vec![
            offer("foo", vec![]),
            offer("bar", vec![param("baz", None), param("qux", Some("1"))]),
            offer("foo", vec![param("a", Some("b")), param("a", None)]),
        ])
    );
}

#[test]
fn unescapes_quoted_values() {
    assert_eq!(
        parse(br#"foo; bar="\b\az""#),
        Ok(vec![offer("foo", vec![param("bar", Some("baz"))])])
    );
}

#[test]
fn takes_names_that_are_special_in_javascript() {
    assert_eq!(
        parse(b"__proto__; hasOwnProperty=1"),
        Ok(vec![offer(
            "__proto__",
            vec![param("hasOwnProperty", Some("1"))]
        )])
    );
}

#[test]
fn names_the_first_character_that_can_not_stand_where_it_does() {
    for (header, index) in [
        (" ", 0),
        (" foo", 0),
        (",foo", 0),
        (";foo", 0),
        ("foo;,", 4),
        ("foo,,bar", 4),
        ("foo, \t,bar", 6),
        ("foo bar", 4),
        ("foo=bar", 3),
        ("f\u{e9}o", 1),
        ("\u{1f980}", 0),
        ("foo;;bar", 4),
        ("foo; ,bar", 5),
        ("foo;=", 4),
        ("foo;bar baz", 8),
        ("foo;bar =baz", 8),
        ("foo;bar= baz", 8),
        ("foo;bar=,", 8),
        ("foo;bar==baz", 8),
        ("foo;bar=b\"z\"", 9),
        ("foo;bar=b\\z", 9),
        ("foo;bar=\"\"", 9),
        ("foo;bar=\"b z\"", 10),
        ("foo;bar=\"b\\\"z\"", 11),
        ("foo;bar=\"\\\\\"", 10),
        ("foo;bar=\"b\"z", 11),
        ("foo;bar=\"b\" z", 12),
        ("foo;bar=\"a\"\"b\"", 11),
        ("foo;bar=\"b\u{e9}\"", 10),
    ] {
        assert_eq!(
            parse(header.as_bytes()),
            Err(InvalidHeader::UnexpectedCharacter(index)),
            "{header:?}"
        );
    }
}

#[test]
fn names_the_end_of_a_value_that_is_cut_short() {
    for header in [
        "",
        "foo ",
        "foo,",
        "foo, ",
        "foo;",
        "foo;\t",
        "foo;bar ",
        "foo;bar=",
        "foo;bar=baz ",
        "foo;bar=\"",
        "foo;bar=\"baz",
        "foo;bar=\"baz\\",
        "foo;bar=\"baz\" ",
    ] {
        assert_eq!(
            parse(header.as_bytes()),
            Err(InvalidHeader::UnexpectedEnd),
            "{header:?}"
        );
    }
}

#[test]
fn takes_whitespace_around_delimiters() {
    for header in [
        "foo ,bar",
        "foo ; bar",
        "foo;\t bar=1 ; baz",
        "foo;bar=\"1\" , baz",
    ] {
        assert!(parse(header.as_bytes()).is_ok(), "{header:?}");
    }
}
