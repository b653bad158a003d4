//! The `Sec-WebSocket-Protocol` grammar, as strict as `ws`: tokens, separated by
//! commas, none empty, none twice. RFC 6455 §4.1, §11.3.4.

use super::super::extension::{Cursor, Delimiter, InvalidHeader};

/// Parses the values of all `Sec-WebSocket-Protocol` lines into one list.
pub(super) fn parse<'a>(
    values: impl Iterator<Item = &'a [u8]>,
) -> Result<Vec<&'a str>, InvalidHeader> {
    let mut subprotocols = Vec::new();
    for value in values {
        let mut rest = Cursor::new(value);
        loop {
            let name = rest.token()?;
            // RFC 6455 §4.1: the elements must all be unique strings.
            if subprotocols.contains(&name) {
                return Err(InvalidHeader);
            }
            subprotocols.push(name);
            match rest.delimiter()? {
                Delimiter::Comma => rest.skip_whitespace(),
                Delimiter::Semicolon => return Err(InvalidHeader),
                Delimiter::End => break,
            }
        }
    }
    Ok(subprotocols)
}

#[cfg(test)]
mod tests {
    use super::{InvalidHeader, parse};

    fn parse_lines<'a>(lines: &[&'a str]) -> Result<Vec<&'a str>, InvalidHeader> {
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
        assert!(parse_lines(&["foo", "foo"]).is_err());
        assert!(parse_lines(&["foo", ""]).is_err());
    }

    #[test]
    fn no_line_means_no_subprotocol() {
        assert_eq!(parse_lines(&[]), Ok(vec![]));
    }

    #[test]
    fn refuses_what_ws_refuses() {
        for line in [
            "", " ", "foo,", ",foo", "foo,,bar", "foo bar", "foo;bar", "foo,foo", "f\u{e9}o",
            "\"foo\"", " foo",
        ] {
            assert!(parse_lines(&[line]).is_err(), "{line:?}");
        }
    }
}
