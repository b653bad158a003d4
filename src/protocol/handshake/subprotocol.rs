//! The `Sec-WebSocket-Protocol` grammar, as strict as `ws`: tokens, separated by
//! commas, none empty, none twice. RFC 6455 §4.1, §11.3.4.

use super::super::header_cursor::{HeaderCursor, InvalidHeader};

/// Values of `Sec-WebSocket-Protocol` that are no list of subprotocols.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum InvalidSubprotocols<'a> {
    /// One of the values is outside the grammar.
    Syntax(InvalidHeader),
    /// A subprotocol stands there twice.
    Duplicate(&'a str),
}

impl From<InvalidHeader> for InvalidSubprotocols<'_> {
    fn from(error: InvalidHeader) -> Self {
        Self::Syntax(error)
    }
}

/// Parses the values of all `Sec-WebSocket-Protocol` lines into one list.
///
/// # Errors
/// If one of them is outside the grammar, as an empty one is, or if a subprotocol
/// is named twice; whichever comes first.
pub fn parse<'a>(
    values: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<&'a str>, InvalidSubprotocols<'a>> {
    let mut subprotocols = Vec::new();
    for value in values {
        let mut rest = HeaderCursor::new(value);
        loop {
            let name = rest.token()?;
            // Before the name is judged: of two faults ws reports the one that
            // comes first.
            let delimiter = rest.delimiter(b",")?;
            // RFC 6455 §4.1: the elements must all be unique strings.
            if subprotocols.contains(&name) {
                return Err(InvalidSubprotocols::Duplicate(name));
            }
            subprotocols.push(name);
            if delimiter.is_none() {
                break;
            }
        }
    }
    Ok(subprotocols)
}

#[cfg(test)]
mod tests {
    use super::{InvalidHeader, InvalidSubprotocols, parse};

    fn parse_lines<'a>(lines: &[&'a str]) -> Result<Vec<&'a str>, InvalidSubprotocols<'a>> {
        parse(lines.iter().map(|line| line.as_bytes()))
    }

    #[test]
    fn parses_one_and_many() {
        assert_eq!(parse_lines(&["foo"]), Ok(vec!["foo"]));
        assert_eq!(
            parse_lines(&["foo,bar , \tbaz"]),
            Ok(vec!["foo", "bar", "baz"])
        );
    }

    #[test]
    fn reads_several_lines_as_one_list() {
        assert_eq!(
            parse_lines(&["foo", "bar, baz"]),
            Ok(vec!["foo", "bar", "baz"])
        );
        assert_eq!(
            parse_lines(&["foo", "foo"]),
            Err(InvalidSubprotocols::Duplicate("foo"))
        );
        assert!(parse_lines(&["foo", ""]).is_err());
    }

    #[test]
    fn no_line_means_no_subprotocol() {
        assert_eq!(parse_lines(&[]), Ok(vec![]));
    }

    #[test]
    fn names_the_first_character_that_can_not_stand_where_it_does() {
        for (line, index) in [
            (" ", 0),
            (" foo", 0),
            (",foo", 0),
            ("foo,,bar", 4),
            ("foo, \t,", 6),
            ("foo bar", 4),
            ("foo;bar", 3),
            ("f\u{e9}o", 1),
            ("\"foo\"", 0),
            // Of two faults the one that comes first.
            ("foo,foo@", 7),
            ("foo,foo;", 7),
            ("foo,foo bar", 8),
        ] {
            let expected = InvalidHeader::UnexpectedCharacter(index);
            assert_eq!(parse_lines(&[line]), Err(expected.into()), "{line:?}");
        }
    }

    #[test]
    fn names_the_end_of_a_value_that_is_cut_short() {
        for line in ["", "foo ", "foo,", "foo, ", "foo,foo "] {
            let expected = InvalidHeader::UnexpectedEnd;
            assert_eq!(parse_lines(&[line]), Err(expected.into()), "{line:?}");
        }
    }

    #[test]
    fn names_a_subprotocol_that_is_duplicated() {
        for line in [
            "foo,foo",
            "foo,bar,foo",
            "foo,foo,",
            "foo,foo,@",
            "foo,foo ,",
        ] {
            let expected = InvalidSubprotocols::Duplicate("foo");
            assert_eq!(parse_lines(&[line]), Err(expected), "{line:?}");
        }
    }
}
